//! Starting the services that do not answer: by docker compose, or from local binaries.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::terminal;
use crate::workspace::Workspace;

use super::address::Address;
use super::apt;
use super::docker::Docker;
use super::local;
use super::service::Service;
use super::settings::Settings;
use super::state::{How, Record, Store};

/// How long a service may take from its start to its first answer.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Starts the services and waits until each answers; returns their variables and addresses.
///
/// Each is recorded before it is waited for. One that does not come to answer is stopped and
/// forgotten again, and its log is part of the error.
pub(crate) fn all(
    workspace: &Workspace,
    settings: &Settings,
    store: &mut Store,
    missing: &[(Service, &Address)],
) -> Result<Vec<(&'static str, Address)>> {
    let without_docker = by_docker(workspace, settings, store, missing)?;
    from_binaries(store, &without_docker)?;
    let mut started = Vec::with_capacity(missing.len());
    for (service, _) in missing {
        let record = store.get(*service).context("a started service is not recorded")?.clone();
        if let Err(error) = first_answer(*service, &record) {
            super::stop(*service, &record, settings, workspace)?;
            store.remove(*service)?;
            return Err(error);
        }
        terminal::progress(format_args!("{service}: {} ({})", record.address, record.how));
        started.push((service.variable(), record.address));
    }
    Ok(started)
}

/// Starts what docker can; returns the rest.
fn by_docker<'a>(
    workspace: &Workspace,
    settings: &Settings,
    store: &mut Store,
    missing: &[(Service, &'a Address)],
) -> Result<Vec<(Service, &'a Address)>> {
    let docker = Docker::new(workspace, settings);
    if let Err(reason) = docker.ready() {
        terminal::progress(format_args!("{reason:#}; using local binaries"));
        return Ok(missing.to_vec());
    }
    let mut rest = Vec::new();
    for (service, configured) in missing {
        terminal::progress(format_args!("{service}: starting with docker compose"));
        match docker.start(*service) {
            Ok(address) => {
                let configured = configured.redacted();
                store.insert(*service, Record { configured, address, how: How::Docker })?;
            }
            Err(error) => {
                terminal::progress(format_args!("{service}: {error:#}; trying local binaries"));
                rest.push((*service, *configured));
            }
        }
    }
    Ok(rest)
}

fn from_binaries(store: &mut Store, services: &[(Service, &Address)]) -> Result<()> {
    let lacking: Vec<Service> = services
        .iter()
        .map(|(service, _)| *service)
        .filter(|service| !local::is_installed(*service))
        .collect();
    if !lacking.is_empty() {
        apt::install(&lacking)?;
    }
    for (service, configured) in services {
        terminal::progress(format_args!("{service}: starting a local one on a free port"));
        let (launch, address) = local::start(*service, store.folder())
            .with_context(|| format!("cannot start {service} from its local binaries"))?;
        let configured = configured.redacted();
        store.insert(*service, Record { configured, address, how: How::Local(launch) })?;
    }
    Ok(())
}

fn first_answer(service: Service, record: &Record) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let Err(silence) = service.probe(&record.address) else {
            return Ok(());
        };
        if let How::Local(launch) = &record.how
            && launch.has_ended()
        {
            bail!("{service} ended while it started; its last words:\n{}", launch.last_words());
        }
        if Instant::now() >= deadline {
            let words = match &record.how {
                How::Local(launch) => launch.last_words(),
                How::Docker => {
                    format!("see `docker compose -f {} logs {service}`", super::docker::FILE)
                }
            };
            return Err(silence.context(format!(
                "{service} does not answer {} s after its start; its last words:\n{words}\n",
                START_LIMIT.as_secs()
            )));
        }
        thread::sleep(Duration::from_millis(200));
    }
}
