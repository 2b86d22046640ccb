//! Services from `docker-compose.dev.yml`.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

use super::address::{Address, encoded};
use super::service::Service;
use super::settings::Settings;

/// The compose file, at the root.
pub(crate) const FILE: &str = "docker-compose.dev.yml";

/// The variables of the compose file, with the values of `.env.example`.
const VARIABLES: [(&str, &str); 10] = [
    ("POSTGRES_USER", "czo"),
    ("POSTGRES_PASSWORD", "czo-dev"),
    ("POSTGRES_DB", "czo"),
    ("POSTGRES_PORT", "5432"),
    ("REDIS_PASSWORD", "czo-dev"),
    ("REDIS_PORT", "6379"),
    ("RABBITMQ_USER", "czo"),
    ("RABBITMQ_PASSWORD", "czo-dev"),
    ("RABBITMQ_PORT", "5672"),
    ("RABBITMQ_MANAGEMENT_PORT", "15672"),
];

/// Docker compose on the compose file of the workspace.
pub(crate) struct Docker<'a> {
    workspace: &'a Workspace,
    settings: &'a Settings,
}

impl<'a> Docker<'a> {
    pub(crate) fn new(workspace: &'a Workspace, settings: &'a Settings) -> Self {
        Self { workspace, settings }
    }

    /// Whether a docker engine answers and docker has its compose plugin; an error says which is
    /// missing.
    pub(crate) fn ready(&self) -> Result<()> {
        // A client without an engine exits with success in some versions, but prints no version.
        let mut info = Command::new("docker");
        info.args(["info", "--format", "{{.ServerVersion}}"]);
        if process::ask(&mut info, Duration::from_secs(10))
            .is_none_or(|said| said.trim().is_empty())
        {
            bail!("no docker engine answers");
        }
        let mut compose = Command::new("docker");
        compose.args(["compose", "version"]);
        if process::ask(&mut compose, Duration::from_secs(10)).is_none() {
            bail!("docker has no compose plugin");
        }
        Ok(())
    }

    /// Creates and starts the container of a service; returns where it will answer.
    pub(crate) fn start(&self, service: Service) -> Result<Address> {
        process::run(self.compose().args(["up", "--detach", service.name()]))
            .context("docker compose could not start it")?;
        address(self.settings, service)
    }

    /// Stops and removes the container of a service. Its data stays in its named volume.
    pub(crate) fn stop(&self, service: Service) -> Result<()> {
        process::run(self.compose().args(["rm", "--stop", "--force", service.name()]))
    }

    fn compose(&self) -> Command {
        let mut compose = self.workspace.command("docker");
        compose.args(["compose", "--file", FILE]).stdin(Stdio::null());
        for (name, _) in VARIABLES {
            compose.env(name, variable(self.settings, name));
        }
        compose
    }
}

/// The port of RabbitMQ's management API on this machine.
pub(crate) fn management_port(settings: &Settings) -> String {
    variable(settings, "RABBITMQ_MANAGEMENT_PORT")
}

/// Where the compose file puts a service.
pub(crate) fn address(settings: &Settings, service: Service) -> Result<Address> {
    let value = |name| variable(settings, name);
    let secret = |name| encoded(&value(name));
    let url = match service {
        Service::Postgres => format!(
            "postgres://{}:{}@127.0.0.1:{}/{}",
            secret("POSTGRES_USER"),
            secret("POSTGRES_PASSWORD"),
            value("POSTGRES_PORT"),
            secret("POSTGRES_DB"),
        ),
        Service::Redis => {
            format!("redis://:{}@127.0.0.1:{}", secret("REDIS_PASSWORD"), value("REDIS_PORT"))
        }
        Service::RabbitMq => format!(
            "amqp://{}:{}@127.0.0.1:{}/%2f",
            secret("RABBITMQ_USER"),
            secret("RABBITMQ_PASSWORD"),
            value("RABBITMQ_PORT"),
        ),
    };
    Address::parse(service, &url)
        .with_context(|| format!("the variables for {FILE} do not make a URL of {service}"))
}

fn variable(settings: &Settings, name: &str) -> String {
    let default = VARIABLES.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    settings.get_or(name, default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compose_file_uses_each_variable_and_no_other() {
        let compose = include_str!("../../../docker-compose.dev.yml");
        for (name, _) in VARIABLES {
            assert!(compose.contains(&format!("${{{name}:")), "{name} is not used");
        }
        for used in compose.split("${").skip(1) {
            let name = used.split([':', '}']).next().unwrap_or_default();
            assert!(VARIABLES.iter().any(|(known, _)| *known == name), "{name} is not known");
        }
    }

    #[test]
    fn the_example_file_holds_the_values_that_stand_in_for_a_missing_one() -> Result<()> {
        let example = super::super::dotenv::parse(include_str!("../../../.env.example"))?;
        for (name, value) in VARIABLES {
            assert_eq!(example.get(name).map(String::as_str), Some(value), "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_compose_file_has_each_service() {
        let compose = include_str!("../../../docker-compose.dev.yml");
        for service in Service::ALL {
            assert!(compose.contains(&format!("\n  {service}:\n")), "{service} is missing");
        }
    }
}
