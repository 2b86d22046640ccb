//! Where `dlq` finds the dead letters.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::EventId;
use czo_telemetry::LogOptions;

use crate::cli::server::{ServerArgs, ServerClient};
use crate::config::EventBusProvider;
use crate::dead_letters::{
    DeadLetterAdmin, DeadLetterPage, DeadLetterView, Meant, Purged, Redriven, Summary, Wanted,
    nothing_given_up,
};
use crate::{Config, Czo, RuntimeError, event_bus};

/// Dead letters, wherever they are: in a server, or right at hand.
#[async_trait]
pub(super) trait Letters: Send + Sync {
    /// The oldest.
    async fn list(&self, wanted: &Wanted) -> anyhow::Result<DeadLetterPage>;

    /// Those of one event, one at least.
    async fn of_event(&self, event: EventId) -> anyhow::Result<Vec<DeadLetterView>>;

    /// How many there are.
    async fn summary(&self, wanted: &Wanted) -> anyhow::Result<Summary>;

    /// Hands those that are meant to their groups again.
    async fn redrive(&self, meant: &Meant) -> anyhow::Result<Redriven>;

    /// Throws those away that are meant.
    async fn purge(&self, meant: &Meant) -> anyhow::Result<Purged>;
}

/// The dead letters of the server to go through; where none runs, those of the provider, if others
/// can reach them.
pub(super) async fn find(
    czo: &Czo,
    config: &Config,
    args: &ServerArgs,
) -> anyhow::Result<Box<dyn Letters>> {
    if let Some(server) = ServerClient::find(config, args).await? {
        return Ok(Box::new(server));
    }
    match config.event_bus.amqp_options()? {
        Some(options) if config.event_bus.provider == EventBusProvider::RabbitMq => {
            czo_telemetry::install(&LogOptions {
                filter: "warn".to_owned(),
                ..config.log_options()
            })?;
            let topology = czo.event_topology().await?;
            let letters = Arc::new(event_bus::on_the_broker(options, &topology));
            Ok(Box::new(DeadLetterAdmin::new(letters)))
        }
        _ => Err(RuntimeError::DeadLettersInMemory.into()),
    }
}

#[async_trait]
impl Letters for ServerClient {
    async fn list(&self, wanted: &Wanted) -> anyhow::Result<DeadLetterPage> {
        self.ask("/api/dead-letters", wanted).await
    }

    async fn of_event(&self, event: EventId) -> anyhow::Result<Vec<DeadLetterView>> {
        self.ask(&format!("/api/dead-letters/{event}"), &()).await
    }

    async fn summary(&self, wanted: &Wanted) -> anyhow::Result<Summary> {
        self.ask("/api/dead-letters/summary", wanted).await
    }

    async fn redrive(&self, meant: &Meant) -> anyhow::Result<Redriven> {
        self.order("/api/dead-letters/redrive", meant).await
    }

    async fn purge(&self, meant: &Meant) -> anyhow::Result<Purged> {
        self.order("/api/dead-letters/purge", meant).await
    }
}

#[async_trait]
impl Letters for DeadLetterAdmin {
    async fn list(&self, wanted: &Wanted) -> anyhow::Result<DeadLetterPage> {
        Ok(Self::list(self, wanted).await?)
    }

    async fn of_event(&self, event: EventId) -> anyhow::Result<Vec<DeadLetterView>> {
        let letters = Self::of_event(self, event).await?;
        anyhow::ensure!(!letters.is_empty(), "{}", nothing_given_up(event));
        Ok(letters)
    }

    async fn summary(&self, wanted: &Wanted) -> anyhow::Result<Summary> {
        Ok(Self::summary(self, wanted).await?)
    }

    async fn redrive(&self, meant: &Meant) -> anyhow::Result<Redriven> {
        Ok(Self::redrive(self, meant).await?)
    }

    async fn purge(&self, meant: &Meant) -> anyhow::Result<Purged> {
        Ok(Self::purge(self, meant).await?)
    }
}
