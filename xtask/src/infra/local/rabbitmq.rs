//! RabbitMQ from local binaries.
//!
//! A node needs Erlang's port mapper, epmd. This one gets a mapper of its own: a shared one would
//! be started by the first node, outlive it, and be found by whatever else runs on the machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::infra::daemon::{Daemon, Signal};
use crate::process;

use super::{LOG, Launch, free_ports};

/// Debian's own script for all users; the one on `PATH` there only serves root and a user
/// `rabbitmq`, and changes to the latter.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The programs a node needs.
pub(super) struct Binaries {
    server: PathBuf,
    epmd: PathBuf,
}

impl Binaries {
    /// The binaries of this machine.
    pub(super) fn find() -> Option<Self> {
        let debian = Some(PathBuf::from(DEBIAN)).filter(|path| path.is_file());
        let server = debian.or_else(|| process::on_path("rabbitmq-server"))?;
        Some(Self { server, epmd: process::on_path("epmd")? })
    }
}

/// Starts a node with the management API and the user `guest`; returns its URL.
pub(super) fn start(launch: &mut Launch) -> Result<String> {
    let binaries = Binaries::find().context("rabbitmq-server and epmd are not installed")?;
    let [port, nodes_port, mapper_port, management_port] = free_ports()?;
    let folder = launch.folder.clone();
    let config = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {management_port}\n"
    );
    fs::write(folder.join("rabbitmq.conf"), config)?;
    fs::write(folder.join("rabbitmq-env.conf"), "")?;
    fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n")?;

    let mut mapper = Command::new(&binaries.epmd);
    mapper.args(["-address", "127.0.0.1", "-port", &mapper_port.to_string()]).current_dir(&folder);
    let log = folder.join("epmd.log");
    launch.processes.push(Daemon::start(&mut mapper, &log, Signal::Terminate)?);

    let mut server = Command::new(&binaries.server);
    without_foreign_settings(&mut server);
    server
        .current_dir(&folder)
        // The cookie that admits other nodes is kept in the home folder.
        .env("HOME", &folder)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", mapper_port.to_string())
        .env("RABBITMQ_NODENAME", format!("czo-{port}@localhost"))
        .env("RABBITMQ_DIST_PORT", nodes_port.to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("RABBITMQ_LOGS", "-");
    for (variable, name) in [
        ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_PID_FILE", "server.pid"),
    ] {
        server.env(variable, Path::new(&folder).join(name));
    }
    launch.processes.push(Daemon::start(&mut server, &folder.join(LOG), Signal::Terminate)?);
    launch.management_port = Some(management_port);
    Ok(format!("amqp://guest:guest@127.0.0.1:{port}/%2f"))
}

/// Takes the settings of another node on this machine, or of the compose file, out of a command.
fn without_foreign_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("RABBITMQ_")) {
            command.env_remove(name);
        }
    }
}
