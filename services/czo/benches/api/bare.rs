//! The server to compare with: axum, one handler, constant bytes, a process of its own.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::header;
use axum::routing::post;
use axum::serve::ListenerExt;
use hyper::HeaderMap;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::Body;
use crate::child::KilledOnDrop;
use crate::connection::Target;

/// What it prints before its address.
const READY: &str = "bare ";

/// The bare server, running.
#[derive(Debug)]
pub(crate) struct BareServer {
    _child: KilledOnDrop,
    address: SocketAddr,
    _answer: NamedTempFile,
}

impl BareServer {
    /// Starts this program once more, as the server of `answer`.
    pub(crate) fn start(answer: &Body) -> Result<Self> {
        let mut file = NamedTempFile::new().context("no temporary file can be made")?;
        file.write_all(answer)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare").arg(file.path());
        let (child, line) = KilledOnDrop::start(&mut command, READY)?;
        let address = line.strip_prefix(READY).unwrap_or_default();
        let address = address.parse().with_context(|| format!("`{line}` is not an address"))?;
        Ok(Self { _child: child, address, _answer: file })
    }

    pub(crate) fn target(&self) -> Target {
        Target::new(self.address, HeaderMap::new())
    }
}

/// Serves the bytes of a file until standard input ends: when the benchmark is gone, so is this.
pub(crate) fn serve(answer: &Path) -> Result<()> {
    let answer: Body = std::fs::read(answer)?.into();
    // The question is read, as any handler of a POST does.
    let handler =
        async move |_question: Body| ([(header::CONTENT_TYPE, "application/json")], answer.clone());
    let router = Router::new().route("/graphql", post(handler));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "{READY}{}", listener.local_addr()?)?;
        // As the server does.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}
