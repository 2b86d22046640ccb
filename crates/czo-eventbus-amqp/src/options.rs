//! How the bus uses a RabbitMQ.

use std::time::Duration;

use crate::{AmqpUrl, Names, QueueKind};

/// How the bus uses a RabbitMQ.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AmqpOptions {
    /// Where it is.
    pub url: AmqpUrl,
    /// What things are called there.
    pub names: Names,
    /// How queues keep their events. Default [`QueueKind::Quorum`].
    pub queue_kind: QueueKind,
    /// How many events a group of this process has at hand, those with its handlers included.
    /// Default 10; as many as its handlers can do at once where that is more, and 1,000 where a
    /// subscription keeps the order of keys.
    pub prefetch: u16,
    /// How long a publisher waits for the broker's word. Default 10 s.
    pub confirm_timeout: Duration,
    /// Certificates, as PEM, that a server's may be signed with, beside those of the system.
    /// Default none.
    pub ca_certificates: Option<String>,
    /// What the broker shows this process as. Default `czo`.
    pub connection_name: String,
    /// Whether an event that no queue is bound for is an error of the publisher
    /// ([`BusError::Unroutable`](czo_core::BusError::Unroutable)). Default no: it is counted and
    /// logged.
    pub refuse_unroutable: bool,
    /// How long queues, those of dead letters included, outlive whoever uses them: for tests and
    /// trials, which leave nothing behind then. Default for ever.
    pub idle_life: Option<Duration>,
}

impl AmqpOptions {
    /// The usual, for a RabbitMQ there.
    #[must_use]
    pub fn new(url: AmqpUrl) -> Self {
        Self {
            url,
            names: Names::default(),
            queue_kind: QueueKind::default(),
            prefetch: 10,
            confirm_timeout: Duration::from_secs(10),
            ca_certificates: None,
            connection_name: "czo".to_owned(),
            refuse_unroutable: false,
            idle_life: None,
        }
    }

    /// Calls things like this.
    #[must_use]
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Declares queues of this kind.
    #[must_use]
    pub fn queue_kind(mut self, kind: QueueKind) -> Self {
        self.queue_kind = kind;
        self
    }

    /// Has so many events at hand for a group, at least one.
    #[must_use]
    pub fn prefetch(mut self, events: u16) -> Self {
        self.prefetch = events.max(1);
        self
    }

    /// Waits so long for the broker's word.
    #[must_use]
    pub fn confirm_timeout(mut self, timeout: Duration) -> Self {
        self.confirm_timeout = timeout;
        self
    }

    /// Trusts these certificates too, which are PEM.
    #[must_use]
    pub fn ca_certificates(mut self, pem: impl Into<String>) -> Self {
        self.ca_certificates = Some(pem.into());
        self
    }

    /// Is shown by the broker as this.
    #[must_use]
    pub fn connection_name(mut self, name: impl Into<String>) -> Self {
        self.connection_name = name.into();
        self
    }

    /// Makes an event that no queue is bound for an error of its publisher.
    #[must_use]
    pub fn refuse_unroutable(mut self, refuse: bool) -> Self {
        self.refuse_unroutable = refuse;
        self
    }

    /// Lets the broker delete queues that nobody has used for so long, with all that is in them.
    #[must_use]
    pub fn idle_life(mut self, life: Duration) -> Self {
        self.idle_life = Some(life);
        self
    }
}
