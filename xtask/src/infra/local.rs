//! Services from binaries of this machine, each in a folder of its own and on free ports.

mod postgres;
mod rabbitmq;
mod redis;
pub(crate) mod user;

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::daemon::{self, Daemon};
use super::service::Service;

/// The log of each service, in its folder.
const LOG: &str = "server.log";

/// A service that was started from local binaries.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Launch {
    /// Everything the service writes; removed when it is stopped.
    folder: PathBuf,
    /// In the order of their start.
    processes: Vec<Daemon>,
    /// Where RabbitMQ has its management API.
    #[serde(default)]
    management_port: Option<u16>,
}

impl Launch {
    /// Whether one of its processes no longer runs.
    pub(crate) fn has_ended(&self) -> bool {
        self.processes.iter().any(|process| !process.is_running())
    }

    /// Where RabbitMQ has its management API, on the loopback interface.
    pub(crate) fn management_port(&self) -> Option<u16> {
        self.management_port
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        daemon::last_words(&self.folder.join(LOG))
    }

    /// Ends its processes and removes its folder.
    pub(crate) fn stop(&self) -> Result<()> {
        for process in self.processes.iter().rev() {
            process.stop()?;
        }
        remove_folder(&self.folder)
    }
}

impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pids: Vec<_> = self.processes.iter().map(|process| process.pid().to_string()).collect();
        write!(f, "pid {}, folder {}", pids.join(" and "), self.folder.display())
    }
}

/// Whether the binaries of a service are on this machine.
pub(crate) fn is_installed(service: Service) -> bool {
    match service {
        Service::Postgres => postgres::Binaries::find().is_some(),
        Service::Redis => redis::find().is_some(),
        Service::RabbitMq => rabbitmq::Binaries::find().is_some(),
    }
}

/// Starts a service in a new folder under `parent`; returns where it will answer.
///
/// If this fails, nothing of it is left.
pub(crate) fn start(service: Service, parent: &Path) -> Result<(Launch, Address)> {
    let folder = parent.join(service.name());
    remove_folder(&folder)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut launch = Launch { folder, processes: Vec::new(), management_port: None };
    let url = match service {
        Service::Postgres => postgres::start(&mut launch),
        Service::Redis => redis::start(&mut launch),
        Service::RabbitMq => rabbitmq::start(&mut launch),
    };
    match url.and_then(|url| Address::parse(service, &url)) {
        Ok(address) => Ok((launch, address)),
        Err(error) => {
            launch.stop()?;
            Err(error)
        }
    }
}

/// Ports of the loopback interface that are free now and differ from one another.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() -> Result<()> {
        let [a, b, c] = free_ports()?;
        assert!(a != b && b != c && a != c);
        Ok(())
    }
}
