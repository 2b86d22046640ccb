//! Redis from a local binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::infra::daemon::{Daemon, Signal};
use crate::process;

use super::{LOG, Launch, free_ports};

/// The binary, if it is installed.
pub(super) fn find() -> Option<PathBuf> {
    process::on_path("redis-server")
}

/// Starts a Redis that keeps nothing on disk; returns its URL.
pub(super) fn start(launch: &mut Launch) -> Result<String> {
    let [port] = free_ports()?;
    let mut redis = Command::new(find().context("redis-server is not installed")?);
    redis
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(port.to_string())
        .current_dir(&launch.folder);
    let log = launch.folder.join(LOG);
    launch.processes.push(Daemon::start(&mut redis, &log, Signal::Terminate)?);
    Ok(format!("redis://127.0.0.1:{port}"))
}
