//! What a node is told: its files, and the environment of its programs.

use std::env;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::binaries::Binaries;
use super::certificates::Certificates;
use super::ports::{Port, Ports};

/// The log of the node, in its folder, over all starts.
pub(super) const LOG: &str = "server.log";

/// A folder with the settings of a node.
#[derive(Debug)]
pub(super) struct Setup {
    folder: PathBuf,
    ports: Ports,
}

impl Setup {
    pub(super) fn write(
        folder: &Path,
        ports: Ports,
        certificates: Option<&Certificates>,
    ) -> io::Result<Self> {
        let plugins = if ports.management.is_some() { "rabbitmq_management" } else { "" };
        fs::write(folder.join("rabbitmq.conf"), settings(&ports, certificates))?;
        fs::write(folder.join("rabbitmq-env.conf"), "")?;
        fs::write(folder.join("enabled_plugins"), format!("[{plugins}].\n"))?;
        Ok(Self { folder: folder.to_owned(), ports })
    }

    pub(super) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Erlang's port mapper. This node gets one of its own: a shared one would be started by the
    /// first node, outlive it, and be found by whatever else runs on the machine.
    pub(super) fn mapper(&self, binaries: &Binaries) -> Command {
        let mut command = Command::new(&binaries.epmd);
        let port = self.ports.mapper.port().to_string();
        command.args(["-address", "127.0.0.1", "-port", &port]).current_dir(&self.folder);
        command
    }

    pub(super) fn server(&self, binaries: &Binaries) -> Command {
        let mut command = self.program(&binaries.server);
        command
            // The script becomes the node, instead of standing between it and our signals.
            .env("RUNNING_UNDER_SYSTEMD", "1")
            .env("RABBITMQ_DIST_PORT", self.ports.nodes.port().to_string())
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            .env("RABBITMQ_LOGS", "-");
        command
    }

    pub(super) fn ctl(&self, binaries: &Binaries) -> Command {
        let mut command = self.program(&binaries.ctl);
        command
            // Any free port instead of one of eleven, as tests run at once.
            .env("RABBITMQ_CTL_DIST_PORT_MIN", "0")
            .env("RABBITMQ_CTL_DIST_PORT_MAX", "0")
            .args(["--quiet", "--node", &self.node()]);
        command
    }

    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        without_foreign_settings(&mut command);
        command
            .current_dir(&self.folder)
            // The cookie that admits other nodes is kept in the home folder.
            .env("HOME", &self.folder)
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports.mapper.port().to_string())
            .env("RABBITMQ_NODENAME", self.node());
        for (variable, name) in [
            ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_MNESIA_BASE", "data"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_PID_FILE", "server.pid"),
        ] {
            command.env(variable, self.folder.join(name));
        }
        command
    }

    fn node(&self) -> String {
        format!("czo-{}@localhost", self.ports.amqp.port())
    }
}

fn settings(ports: &Ports, certificates: Option<&Certificates>) -> String {
    let mut settings = format!("listeners.tcp.1 = 127.0.0.1:{}\n", ports.amqp.port());
    // A test fills no disk, and one that is nearly full is no reason to block it.
    settings.push_str("disk_free_limit.absolute = 1MB\n");
    let mut set = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a text does not fail.
        let _ = writeln!(settings, "{key} = {value}");
    };
    if let (Some(port), Some(files)) = (&ports.tls, certificates) {
        set("listeners.ssl.1", &format_args!("127.0.0.1:{}", port.port()));
        set("ssl_options.cacertfile", &files.authority.display());
        set("ssl_options.certfile", &files.server.display());
        set("ssl_options.keyfile", &files.server_key.display());
        set("ssl_options.verify", &"verify_none");
        set("ssl_options.fail_if_no_peer_cert", &"false");
    }
    if let Some(port) = ports.management.as_ref().map(Port::port) {
        set("management.tcp.ip", &"127.0.0.1");
        set("management.tcp.port", &port);
    }
    settings
}

/// Takes the settings of another node on this machine, or of the compose file, out of a command.
fn without_foreign_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("RABBITMQ_")) {
            command.env_remove(name);
        }
    }
}
