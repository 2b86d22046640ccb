//! `cargo xtask infra`: PostgreSQL, Redis and RabbitMQ for tests and benchmarks.
//!
//! What already answers is used as it is. What does not is started: with docker compose where a
//! docker engine answers, otherwise from local binaries on free ports, which are installed first
//! on a Debian machine where xtask runs as root. Everything that was started is recorded in
//! `.infra/state.json`, and [`down`] stops that and nothing else.

mod address;
mod apt;
mod daemon;
mod docker;
mod dotenv;
mod local;
mod probe;
mod service;
mod settings;
mod start;
mod state;
mod status;

use anyhow::Result;
use clap::Subcommand;

use crate::terminal;
use crate::workspace::Workspace;

use self::address::Address;
use self::docker::Docker;
use self::service::Service;
use self::settings::Settings;
use self::state::{How, Record, Store};

/// Bring up, stop or show the services that the tests need.
///
/// Their URLs are read from CZO_TEST_POSTGRES_URL, CZO_TEST_REDIS_URL and CZO_TEST_AMQP_URL, in
/// the environment or in `.env` at the root; the defaults are the usual local ports.
#[derive(Debug, Subcommand)]
pub(crate) enum InfraCommand {
    /// Start what does not answer yet; calling it twice changes nothing
    Up,
    /// Stop what `up` started, and nothing else
    Down,
    /// Print the lines that tell a shell where the services are, passwords included
    Env,
    /// Show each service, who provides it and whether it answers
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The variables that tell tests and benchmarks where the services are.
#[derive(Debug)]
pub(crate) struct Environment(Vec<(&'static str, Address)>);

impl Environment {
    /// Names and values, for [`std::process::Command::envs`].
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, address)| (*name, address.url()))
    }
}

/// Runs one `infra` command.
pub(crate) fn run(workspace: &Workspace, command: &InfraCommand) -> Result<()> {
    match command {
        InfraCommand::Up => up(workspace).map(drop),
        InfraCommand::Env => env(workspace),
        InfraCommand::Down => down(workspace),
        InfraCommand::Status { json } => status::show(workspace, *json),
    }
}

/// Makes every service answer and returns where each does.
///
/// If this fails, services it could start stay up and are recorded; a later call goes on from
/// there.
pub(crate) fn up(workspace: &Workspace) -> Result<Environment> {
    let settings = Settings::load(workspace.root())?;
    let configured = settings.addresses()?;
    let mut store = Store::open(workspace.root())?;
    let mut missing = Vec::new();
    let mut environment = Vec::new();
    for (service, address) in &configured {
        match answering(*service, address, &mut store, &settings, workspace)? {
            Some((effective, provided)) => {
                terminal::progress(format_args!("{service}: {effective} ({provided})"));
                environment.push((service.variable(), effective));
            }
            None => missing.push((*service, address)),
        }
    }
    if !missing.is_empty() {
        let started = start::all(workspace, &settings, &mut store, &missing)?;
        environment.extend(started);
    }
    Ok(Environment(environment))
}

/// Where RabbitMQ is: its URL, and that of its management API where xtask knows it. Nothing is
/// started.
pub(crate) fn broker(workspace: &Workspace) -> Result<(String, Option<String>)> {
    let settings = Settings::load(workspace.root())?;
    let service = Service::RabbitMq;
    let url = settings.get_or(service.variable(), service.default_url());
    let configured = Address::parse(service, &url)?;
    let record = state::peek(workspace.root())?.remove(&service);
    // What was started serves as long as the configuration it stands in for is the same.
    Ok(match record.filter(|record| record.configured == configured.redacted()) {
        None => (url, None),
        Some(Record { address, how, .. }) => {
            let port = match &how {
                How::Docker => Some(docker::management_port(&settings)),
                How::Local(launch) => launch.management_port().map(|port| port.to_string()),
            };
            let management = port.map(|port| format!("http://{}:{port}", address.host()));
            (address.url().to_owned(), management)
        }
    })
}

/// Prints `export` lines for the services, which are brought up if they are not.
fn env(workspace: &Workspace) -> Result<()> {
    for (name, url) in up(workspace)?.variables() {
        terminal::result(format_args!("export {name}='{}'", url.replace('\'', r"'\''")))?;
    }
    Ok(())
}

/// Stops what [`up`] started.
fn down(workspace: &Workspace) -> Result<()> {
    let settings = Settings::load(workspace.root())?;
    let mut store = Store::open(workspace.root())?;
    let mut stopped_any = false;
    for service in Service::ALL {
        let Some(record) = store.get(service) else {
            continue;
        };
        stop(service, record, &settings, workspace)?;
        store.remove(service)?;
        stopped_any = true;
    }
    if !stopped_any {
        terminal::progress("nothing to stop: no service was started by `infra up`");
    }
    Ok(())
}

/// Where the service answers now and who provides it, or `None` if it has to be started.
fn answering(
    service: Service,
    configured: &Address,
    store: &mut Store,
    settings: &Settings,
    workspace: &Workspace,
) -> Result<Option<(Address, &'static str)>> {
    if let Some(record) = store.get(service) {
        // What was started serves as long as the configuration it stands in for is the same.
        if record.configured == configured.redacted() && service.probe(&record.address).is_ok() {
            return Ok(Some((record.address.clone(), "started by an earlier `infra up`")));
        }
        terminal::progress(format_args!("{service}: clearing away one that no longer serves"));
        stop(service, record, settings, workspace)?;
        store.remove(service)?;
    }
    match service.probe(configured) {
        Ok(()) => Ok(Some((configured.clone(), "already answers"))),
        Err(reason) => {
            terminal::progress(format_args!("{service}: not usable at {configured}: {reason:#}"));
            Ok(None)
        }
    }
}

fn stop(
    service: Service,
    record: &Record,
    settings: &Settings,
    workspace: &Workspace,
) -> Result<()> {
    match &record.how {
        How::Docker => Docker::new(workspace, settings).stop(service)?,
        How::Local(launch) => launch.stop()?,
    }
    terminal::progress(format_args!("{service}: stopped ({})", record.how));
    Ok(())
}
