//! The program that is measured, as somebody installs it: a folder, a database, its commands.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::child::KilledOnDrop;

/// The path of a URL that the server prints when it is ready.
const DOCUMENTATION: &str = "/api/docs";

/// czo with a data folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Installation {
    program: PathBuf,
    folder: TempDir,
    database_url: Option<String>,
}

/// A running czo; killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: KilledOnDrop,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the moment it served.
    pub(crate) started_in: Duration,
}

impl Installation {
    /// `program` on the embedded database.
    pub(crate) fn embedded(program: &Path) -> Result<Self> {
        let program = program.canonicalize();
        let program = program.context("the server to measure is not there")?;
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        Ok(Self { program, folder, database_url: None })
    }

    /// `program` on this PostgreSQL database.
    pub(crate) fn on_postgres(program: &Path, url: &str) -> Result<Self> {
        Ok(Self { database_url: Some(url.to_owned()), ..Self::embedded(program)? })
    }

    /// A command of the program, configured by nothing but this installation.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"CZO_") {
                command.env_remove(name);
            }
        }
        // Where no `czo.toml` is.
        command.current_dir(self.folder.path());
        command.env("CZO_DATA_DIR", self.folder.path().join("data"));
        command.env("CZO_DEMO", "false").env("CZO_LOG__FILTER", "warn");
        if let Some(url) = &self.database_url {
            command.env("CZO_DATABASE__URL", url);
        }
        command
    }

    /// Runs a command to its end and returns what it printed.
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command().args(arguments).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let named = arguments.join(" ");
        ensure!(output.status.success(), "`czo {named}`: {}: {}", output.status, said.trim());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Gives the database its tables; the embedded one gets them by itself.
    pub(crate) fn migrate(&self) -> Result<()> {
        self.run(&["migrate", "up"]).map(drop)
    }

    /// Opens a shop and returns its id.
    pub(crate) fn open_shop(&self) -> Result<String> {
        let arguments = ["shops", "create", "--name", "Bench", "--currency", "EUR", "--json"];
        let shop: Value = serde_json::from_str(&self.run(&arguments)?)?;
        Ok(shop["id"].as_str().context("a shop has an id")?.to_owned())
    }

    /// Imports a file of `products` products; through the server, if one runs.
    pub(crate) fn import(&self, shop: &str, csv: &str, products: usize) -> Result<()> {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile_in(self.folder.path())?;
        file.write_all(csv.as_bytes())?;
        let path = file.path().to_str().context("a temporary path is text")?;
        let report = self.run(&["import", "products", path, "--shop", shop, "--json"])?;
        let report: Value = serde_json::from_str(&report)?;
        ensure!(report["created"]["products"] == products, "not everything came in: {report}");
        Ok(())
    }

    /// Makes a token that may write.
    pub(crate) fn owner_token(&self) -> Result<String> {
        let token = self.run(&["tokens", "create", "--name", "bench", "--role", "owner"])?;
        Ok(token.trim().to_owned())
    }

    /// Starts the server on a free port.
    pub(crate) fn serve(&self) -> Result<Server> {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let start = Instant::now();
        let (child, line) = KilledOnDrop::start(&mut command, DOCUMENTATION)?;
        let started_in = start.elapsed();
        Ok(Server { child, address: address_in(&line)?, started_in })
    }
}

/// The address in the line with the documentation's URL.
fn address_in(line: &str) -> Result<SocketAddr> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix("http://")?.strip_suffix(DOCUMENTATION))
        .and_then(|address| address.parse().ok())
        .with_context(|| format!("no address in `{line}`"))
}

impl Server {
    /// The memory that it holds, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix("kB"))
            .context("the system does not tell how much memory a process holds")?;
        Ok(kib.trim().parse::<f64>()? / 1024.0)
    }
}
