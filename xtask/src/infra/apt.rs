//! Installing services on Debian.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::terminal;

use super::local::user;
use super::service::Service;

/// Installs the packages of the services where xtask may: on Debian and its children, as root.
/// Elsewhere the error says what a person can do.
///
/// A package may start its service on the usual port, as is Debian's way; that one is then not
/// xtask's to stop.
pub(crate) fn install(services: &[Service]) -> Result<()> {
    let debian = Path::new("/etc/debian_version").exists() && process::on_path("apt-get").is_some();
    if !(debian && user::is_root()?) {
        bail!(advice(services));
    }
    let packages: Vec<&str> = services.iter().copied().map(package).collect();
    terminal::progress(format_args!("installing {}", packages.join(", ")));
    process::run(apt_get().args(["update", "--quiet"]))
        .and_then(|()| {
            let install = ["install", "--yes", "--no-install-recommends"];
            process::run(apt_get().args(install).args(&packages))
        })
        .with_context(|| advice(services))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

fn package(service: Service) -> &'static str {
    match service {
        Service::Postgres => "postgresql",
        Service::Redis => "redis-server",
        Service::RabbitMq => "rabbitmq-server",
    }
}

fn advice(services: &[Service]) -> String {
    let names: Vec<_> = services.iter().map(|service| service.name()).collect();
    let variables: Vec<_> = services.iter().map(|service| service.variable()).collect();
    let names = names.join(", ");
    format!(
        "nothing provides {names}: start a docker engine, or install {names}, or set {} to \
         where it runs",
        variables.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_what_is_missing_and_the_variable_to_set() {
        let advice = advice(&[Service::Redis, Service::RabbitMq]);
        assert!(advice.contains("redis, rabbitmq"), "{advice}");
        assert!(advice.contains("CZO_TEST_REDIS_URL, CZO_TEST_AMQP_URL"), "{advice}");
    }
}
