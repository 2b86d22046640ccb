//! The parts that the processes play.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use czo_apps::{
    AppWebhookId, DispatcherOptions, InstallationId, Signer, SigningKeys, SigningSecret,
    WebhookDispatcher, WebhookStaging,
};
use czo_core::ShopId;
use czo_fetch::{FetchOptions, Fetcher};
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::torture::perform;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::writer;

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) role: Role,
    /// Which of its kind it is.
    pub(crate) number: u32,
    pub(crate) seed: u64,
    pub(crate) database: String,
    /// Where everything happens.
    pub(crate) shop: ShopId,
    /// The port of the receivers.
    pub(crate) receiver: u16,
    /// With what messages are signed.
    pub(crate) secret: String,
    /// For how long a webhook is a dispatcher's.
    pub(crate) lease: Duration,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Sends what is due.
    Dispatcher,
    /// Changes aggregates, and publishes that it did.
    Writer,
}

/// Plays the part that this process was started for; nothing when it was started for none.
pub(crate) fn play_if_asked() -> Option<ExitCode> {
    perform(async |part: Part, dismissed| match part.role {
        Role::Dispatcher => dispatch(&part, dismissed).await,
        Role::Writer => {
            tokio::select! {
                outcome = writer::write(&part) => outcome,
                _ = dismissed => Ok(()),
            }
        }
    })
}

struct OneSecret(SigningSecret);

#[async_trait]
impl SigningKeys for OneSecret {
    async fn signer(
        &self,
        _: InstallationId,
        _: AppWebhookId,
    ) -> Result<Signer, Box<dyn Error + Send + Sync>> {
        Ok(Signer::new(self.0.clone()))
    }
}

async fn dispatch(part: &Part, dismissed: oneshot::Receiver<()>) -> Result<()> {
    let database = part.database().await?;
    let keys = Arc::new(OneSecret(part.secret.parse()?));
    let mut fetch = FetchOptions::default();
    fetch.allow.push(format!("127.0.0.1:{}", part.receiver).parse()?);
    fetch.idle_per_host = 64;
    let dispatcher =
        WebhookDispatcher::new(&WebhookStaging::new(&database), Fetcher::new(fetch), keys);
    let dispatcher = dispatcher.options(part.options()).spawn();
    // Nobody is left to dismiss it when whoever could has ended.
    let _ = dismissed.await;
    dispatcher.drain(Duration::from_secs(2)).await;
    Ok(())
}

impl Part {
    /// Everything in minutes that else takes days.
    fn options(&self) -> DispatcherOptions {
        let mut options = DispatcherOptions::default();
        options.schedule = vec![Duration::from_millis(150); 10_000];
        options.schedule[0] = Duration::ZERO;
        options.lease = self.lease;
        options.idle = self.lease / 4;
        options.poll = Duration::from_millis(200);
        options.deadline = Duration::from_secs(1);
        options.breaker_failures = 5;
        options.breaker_pause = Duration::from_millis(200);
        options.longest_breaker_pause = Duration::from_secs(1);
        // Fewer than there are webhooks, so that they are spread.
        options.endpoints = 5;
        options.concurrency = 64;
        options
    }

    /// The database, once it answers.
    pub(crate) async fn database(&self) -> Result<Database> {
        let options = DatabaseOptions::new(self.database.parse()?).max_connections(6);
        loop {
            match Database::connect(&options).await {
                Ok(database) => return Ok(database),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
