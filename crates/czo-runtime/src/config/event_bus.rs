//! `[event_bus]`

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use czo_eventbus_amqp::{AmqpOptions, AmqpUrl, Names, QueueKind};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::error::wrong;

/// `[event_bus]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EventBusConfig {
    /// What carries events. Default `in_process`.
    pub provider: EventBusProvider,
    /// Whether every event is also given to RabbitMQ, where no group of this program handles it, so
    /// that `czo events parity` shows whether it may take over. With the provider `in_process`.
    /// What it does not take waits in the outbox. Default no.
    pub dual_write: bool,
    /// Whether the memory of this process carries events where RabbitMQ is asked for and
    /// `event_bus.rabbitmq.url` is not set, with a warning. Default no: it is an error.
    pub fallback: bool,
    /// RabbitMQ.
    pub rabbitmq: RabbitMqConfig,
    /// Whether this process neither takes events to a bus nor handles any.
    #[serde(skip)]
    pub(crate) is_apart: bool,
}

/// What carries events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventBusProvider {
    /// Memory of this process.
    #[default]
    InProcess,
    /// RabbitMQ, between processes.
    #[serde(rename = "rabbitmq")]
    RabbitMq,
}

/// `[event_bus.rabbitmq]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RabbitMqConfig {
    /// Where it is, `amqp://user:password@host:port/vhost`, or `amqps://…` with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<AmqpUrl>,
    /// The topic exchange for events. Default `czo.events`.
    pub events_exchange: String,
    /// The fanout exchange for events of the system. Default `czo.system`.
    pub system_exchange: String,
    /// The topic exchange for dead letters. Default `czo.dlx`.
    pub dead_letter_exchange: String,
    /// What the names of all queues begin with: programs that share a virtual host and not their
    /// events have different ones, and different exchanges. Default nothing.
    pub queue_prefix: String,
    /// `quorum` or `classic`. Default `quorum`.
    pub queue_kind: QueueKind,
    /// How many events a group of this process has at hand. Default 10.
    pub prefetch: u16,
    /// How long the broker's word is waited for, in seconds. Default 10.
    pub confirm_timeout_seconds: u64,
    /// A file with certificates, as PEM, that the broker's may be signed with, beside those of the
    /// system. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether an event that no queue is bound for can't be published. Default no.
    pub refuse_unroutable: bool,
}

impl Default for RabbitMqConfig {
    fn default() -> Self {
        let Names { events, system, dead_letters, queue_prefix, .. } = Names::default();
        Self {
            url: None,
            events_exchange: events,
            system_exchange: system,
            dead_letter_exchange: dead_letters,
            queue_prefix,
            queue_kind: QueueKind::default(),
            prefetch: 10,
            confirm_timeout_seconds: 10,
            ca_file: None,
            refuse_unroutable: false,
        }
    }
}

impl EventBusConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_rabbitmq = self.provider == EventBusProvider::RabbitMq;
        if self.dual_write && is_rabbitmq {
            let message = "it is for `event_bus.provider` `in_process`, which gives RabbitMQ every event too; with `rabbitmq` there is no second bus to compare";
            return Err(wrong("event_bus.dual_write", message));
        }
        if self.wants_rabbitmq() && self.rabbitmq.url.is_none() && !self.fallback {
            let message = "expected where RabbitMQ is, such as `amqp://user:password@127.0.0.1:5672/%2f`; `event_bus.fallback = true` would let the memory of this process carry events instead";
            return Err(wrong("event_bus.rabbitmq.url", message));
        }
        if !self.wants_rabbitmq() && self.rabbitmq.url.is_some() {
            let message = "it is for `event_bus.provider = \"rabbitmq\"` or `event_bus.dual_write = true`: set one of them, or leave the URL out";
            return Err(wrong("event_bus.rabbitmq.url", message));
        }
        if self.rabbitmq.prefetch == 0 {
            return Err(wrong("event_bus.rabbitmq.prefetch", "expected a number of at least 1"));
        }
        if self.rabbitmq.confirm_timeout_seconds == 0 {
            let key = "event_bus.rabbitmq.confirm_timeout_seconds";
            return Err(wrong(key, "expected a number of at least 1"));
        }
        self.rabbitmq.names().map(drop)
    }

    /// Whether RabbitMQ has a part in it.
    fn wants_rabbitmq(&self) -> bool {
        self.dual_write || self.provider == EventBusProvider::RabbitMq
    }

    /// Whether events are kept for RabbitMQ, too.
    pub(crate) fn keeps_for_broker(&self) -> bool {
        self.dual_write && !self.falls_back()
    }

    /// Whether the memory of this process does what RabbitMQ was to do.
    pub(crate) fn falls_back(&self) -> bool {
        self.wants_rabbitmq() && self.rabbitmq.url.is_none()
    }

    /// How RabbitMQ is used; nothing where it is not.
    pub(crate) fn amqp_options(&self) -> Result<Option<AmqpOptions>, ConfigError> {
        let Some(url) = self.rabbitmq.url.clone().filter(|_| self.wants_rabbitmq()) else {
            return Ok(None);
        };
        self.rabbitmq.options(url).map(Some)
    }
}

impl RabbitMqConfig {
    fn names(&self) -> Result<Names, ConfigError> {
        let mut names = Names::default();
        names.events.clone_from(&self.events_exchange);
        names.system.clone_from(&self.system_exchange);
        names.dead_letters.clone_from(&self.dead_letter_exchange);
        names.queue_prefix.clone_from(&self.queue_prefix);
        names.check().map_err(|error| wrong("event_bus.rabbitmq", &error.to_string()))?;
        Ok(names)
    }

    fn options(&self, url: AmqpUrl) -> Result<AmqpOptions, ConfigError> {
        let options = AmqpOptions::new(url)
            .names(self.names()?)
            .queue_kind(self.queue_kind)
            .prefetch(self.prefetch)
            .confirm_timeout(Duration::from_secs(self.confirm_timeout_seconds))
            .refuse_unroutable(self.refuse_unroutable);
        let Some(path) = &self.ca_file else { return Ok(options) };
        let pem = fs::read_to_string(path).map_err(|error| {
            let message = format!("`{}` can't be read: {error}", path.display());
            wrong("event_bus.rabbitmq.ca_file", &message)
        })?;
        Ok(options.ca_certificates(pem))
    }
}
