//! A PostgreSQL of the torture's own, to be crashed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use czo_testkit::torture::signal;
use tempfile::TempDir;

/// Where Debian keeps the binaries, by major version and not on `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// What makes a crash cost what it costs elsewhere, and deadlocks end soon.
const SETTINGS: [&str; 7] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=150",
    "shared_buffers=64MB",
    "fsync=on",
    "synchronous_commit=on",
    "deadlock_timeout=200ms",
];

/// A server of its own, in a temporary folder; it ends and its folder goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    program: PathBuf,
    folder: TempDir,
    owner: Option<(u32, u32)>,
    port: u16,
    server: Child,
}

impl Postgres {
    /// Makes a cluster and starts a server. It answers a little later.
    pub(crate) fn start() -> Result<Self> {
        let bin = binaries().context("initdb and postgres are not installed")?;
        let folder = tempfile::Builder::new().prefix("czo-torture-").tempdir()?;
        let owner = owner(folder.path())?;
        let data = folder.path().join("data");
        let made = as_owner(&bin.join("initdb"), owner, folder.path())
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(data)
            .output()
            .context("cannot run initdb")?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {}", said.trim());
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let program = bin.join("postgres");
        let server = serve(&program, folder.path(), owner, port)?;
        Ok(Self { program, folder, owner, port, server })
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Crashes the server, as `pg_ctl -m immediate` does: what is not on the disk is gone. Starts
    /// it again; it answers once it has recovered.
    pub(crate) fn crash(&mut self) -> Result<()> {
        self.stop()?;
        self.server = serve(&self.program, self.folder.path(), self.owner, self.port)?;
        Ok(())
    }

    /// The end of what the server has said.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn stop(&mut self) -> Result<()> {
        signal(&self.server, "QUIT")?;
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.stop();
    }
}

fn serve(program: &Path, folder: &Path, owner: Option<(u32, u32)>, port: u16) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut server = as_owner(program, owner, folder);
    server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    server.spawn().context("cannot run postgres")
}

/// The folder of the programs on `PATH`, or else of the newest version that Debian installed.
fn binaries() -> Option<PathBuf> {
    let has_both = |bin: &PathBuf| ["initdb", "postgres"].iter().all(|of| bin.join(of).is_file());
    let path = std::env::var_os("PATH")?;
    if let Some(bin) = std::env::split_paths(&path).find(has_both) {
        return Some(bin);
    }
    let versions = fs::read_dir(DEBIAN).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    versions.filter(|(_, bin)| has_both(bin)).max().map(|(_, bin)| bin)
}

/// Who the server runs as: root cannot, so a lesser user gets the folder.
fn owner(folder: &Path) -> Result<Option<(u32, u32)>> {
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let ids = |name: &str| {
        // name:password:uid:gid:…
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
        Some((ids.next()??, ids.next()??))
    };
    let owner = ids("postgres").or_else(|| ids("nobody"));
    let owner = owner.context("PostgreSQL does not run as root, and there is no user postgres")?;
    chown(folder, Some(owner.0), Some(owner.1))?;
    Ok(Some(owner))
}

fn as_owner(program: &Path, owner: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid).env("HOME", folder);
    }
    command
}
