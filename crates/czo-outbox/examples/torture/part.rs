//! The parts that the processes play.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use czo_core::{Clock, HealthCheck, HealthStatus};
use czo_outbox::{Outbox, OutboxOptions, Relay, RelayOptions};
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::torture::perform;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::bus::TcpBus;
use super::{consumer, writer};

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) role: Role,
    /// Which of its kind it is.
    pub(crate) number: u32,
    pub(crate) seed: u64,
    pub(crate) database: String,
    pub(crate) broker: SocketAddr,
    /// The lease of a relay.
    pub(crate) lease: Duration,
    /// The clock of the first of each kind is set back by an hour then.
    pub(crate) set_back_at: DateTime<Utc>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Takes events from the outbox to the broker.
    Relay,
    /// Changes aggregates, and publishes that it did.
    Writer,
    /// Handles what the broker has, once.
    Consumer,
}

/// The clock of a machine that is set back by an hour.
#[derive(Debug)]
struct SetBack {
    at: DateTime<Utc>,
}

impl Clock for SetBack {
    fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        if now < self.at { now } else { now - TimeDelta::hours(1) }
    }
}

/// Plays the part that this process was started for; nothing when it was started for none.
pub(crate) fn play_if_asked() -> Option<ExitCode> {
    perform(async |part: Part, dismissed| match part.role {
        Role::Relay => relay(&part, dismissed).await,
        Role::Writer => until(dismissed, writer::write(&part)).await,
        Role::Consumer => until(dismissed, consumer::consume(&part)).await,
    })
}

async fn until(
    dismissed: oneshot::Receiver<()>,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    tokio::select! {
        outcome = work => outcome,
        _ = dismissed => Ok(()),
    }
}

async fn relay(part: &Part, mut dismissed: oneshot::Receiver<()>) -> Result<()> {
    let database = part.database().await?;
    let outbox = Outbox::new(&database, OutboxOptions::default());
    let options =
        RelayOptions::default().lease(part.lease).longest_pause(Duration::from_millis(500));
    let relay = Relay::new(&outbox, Arc::new(TcpBus::new(part.broker))).options(options).spawn();
    let health = relay.health();
    loop {
        let pause = Duration::from_millis(200);
        if tokio::time::timeout(pause, &mut dismissed).await.is_ok() {
            relay.drain(Duration::from_secs(2)).await;
            return Ok(());
        }
        let now = health.check().await;
        anyhow::ensure!(now.status != HealthStatus::Down, "{}", now.detail.unwrap_or_default());
    }
}

impl Part {
    /// The clock of the machine this process is on.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self.number {
            0 => Arc::new(SetBack { at: self.set_back_at }),
            _ => Arc::new(czo_core::SystemClock),
        }
    }

    /// The database, once it answers.
    pub(crate) async fn database(&self) -> Result<Database> {
        let options = DatabaseOptions::new(self.database.parse()?).max_connections(6);
        loop {
            match Database::connect(&options).await {
                Ok(database) => return Ok(database.with_clock(self.clock())),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
