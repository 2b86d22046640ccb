//! Where events become rows of the write they tell of.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_repo::{BeforeCommit, Database, DatabaseError, UnitOfWork};

use crate::store::{Store, Stream};
use crate::wake::Wake;
use crate::with_staged::Writers;
use crate::{StagedEvent, WithStaged};

/// What the outbox keeps, and for how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OutboxOptions {
    /// How long published events stay in the log, from which they can be replayed; `None` keeps
    /// no log. Default: seven days.
    pub keep_log: Option<Duration>,
    /// How long the inbox remembers what was handled. What arrives again later is handled again.
    /// Default: 30 days.
    pub keep_inbox: Duration,
    /// Whether every event is written a second time, into the [mirror](Outbox::mirror), from which
    /// a second bus has it. Default: no.
    pub mirrored: bool,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Default for OutboxOptions {
    fn default() -> Self {
        Self { keep_log: Some(DAY * 7), keep_inbox: DAY * 30, mirrored: false }
    }
}

impl OutboxOptions {
    /// Keeps published events in the log for this long, or keeps no log.
    #[must_use]
    pub fn keep_log(mut self, keep: Option<Duration>) -> Self {
        self.keep_log = keep;
        self
    }

    /// Remembers for this long what was handled.
    #[must_use]
    pub fn keep_inbox(mut self, keep: Duration) -> Self {
        self.keep_inbox = keep;
        self
    }

    /// Writes every event into the [mirror](Outbox::mirror) too, or does not.
    #[must_use]
    pub fn mirrored(mut self, mirrored: bool) -> Self {
        self.mirrored = mirrored;
        self
    }
}

/// Where events become rows of the write they tell of. Cheap to clone; clones are the same.
///
/// **Promise.** An event that is published in a unit of work is there if and only if the unit is
/// committed, and from then on it arrives at the bus at least once, whatever dies in between; a
/// [`Relay`](crate::Relay) of any process takes it there.
///
/// **Order.** Events of one key arrive in the order of the commits that published them, if those
/// follow one another: if, as is natural for what an event is about, each unit has locked or
/// changed the same row before it ends. Units that have nothing in common are concurrent, and so
/// are their events.
#[derive(Clone, Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) options: OutboxOptions,
    pub(crate) wake: Wake,
    /// Nothing in the mirror itself.
    mirror: Option<Arc<Shared>>,
    /// Who else writes for each event; nobody in the mirror.
    writers: Writers,
}

impl Outbox {
    /// The outbox of `database`, whose tables `czo_migrations::outbox()` makes.
    #[must_use]
    pub fn new(database: &Database, options: OutboxOptions) -> Self {
        let store = Store::new(database.clone(), Stream::Mirror);
        // What happened is logged once.
        let of_mirror = options.clone().keep_log(None).mirrored(false);
        let (wake, writers) = (Wake::default(), Writers::default());
        let mirror = Shared { store, options: of_mirror, wake, mirror: None, writers };
        let (store, wake) = (Store::new(database.clone(), Stream::Main), Wake::default());
        let mirror = Some(Arc::new(mirror));
        let writers = Writers::default();
        Self { shared: Arc::new(Shared { store, options, wake, mirror, writers }) }
    }

    /// The stream of events for a second bus, an outbox like this one with tables of its own: a
    /// [`Relay`](crate::Relay) of it takes them there, at its own pace and through its own outages.
    /// That of the mirror is itself.
    ///
    /// An event for everyone is written into it, in the same transaction, where the options say
    /// [`mirrored`](OutboxOptions::mirrored): what was committed before they did is not in it. What
    /// waits in it stays when they no longer do, for a relay or until it is
    /// [abandoned](Self::abandon_mirror). The log is that of both; a replay of it goes to the bus of
    /// the stream whose log was asked for.
    #[must_use]
    pub fn mirror(&self) -> Self {
        let shared = self.shared.mirror.as_ref().unwrap_or(&self.shared);
        Self { shared: shared.clone() }
    }

    /// Publishes `event` if what `tx` does is committed. When `tx`, or the savepoint that it is,
    /// is rolled back, there is no event.
    ///
    /// All events of a unit of work are written by one statement right before its commit (by two
    /// with a [mirror](Self::mirror)), which fails if they can't be.
    pub fn publish(&self, tx: &UnitOfWork, event: impl Into<StagedEvent>) {
        tx.before_commit(&self.shared, event.into());
    }

    /// From now on, `writer` too writes rows for the events of each unit of work, and of this
    /// outbox and its clones; it is the unit's own transaction. Where nobody is registered it
    /// costs nothing.
    ///
    /// A program registers when it starts, in every process that publishes: what is published by
    /// one where it is not registered it does not hear of.
    pub fn also(&self, writer: Arc<dyn WithStaged>) {
        self.shared.writers.add(writer);
    }

    /// Tells relays that there is something to publish. They notice by themselves too, a little
    /// later.
    pub fn wake(&self) {
        self.shared.wake.wake(&self.shared.store);
    }

    /// The database it is in.
    #[must_use]
    pub fn database(&self) -> &Database {
        self.shared.store.database()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn options(&self) -> &OutboxOptions {
        &self.shared.options
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

#[async_trait]
impl BeforeCommit for Shared {
    type Item = StagedEvent;

    async fn flush(
        self: Arc<Self>,
        tx: &UnitOfWork,
        items: Vec<StagedEvent>,
    ) -> Result<(), DatabaseError> {
        let events: Vec<_> = items.iter().collect();
        self.store.insert(tx, &events).await?;
        self.writers.write(tx, &items).await?;
        if let Some(mirror) = self.mirror.clone().filter(|_| self.options.mirrored) {
            // What is for one group was for everyone before.
            let events: Vec<_> = items.iter().filter(|event| event.group.is_none()).collect();
            mirror.store.insert(tx, &events).await?;
            tx.after_commit(async move { mirror.wake.wake(&mirror.store) });
        }
        tx.after_commit(async move { self.wake.wake(&self.store) });
        Ok(())
    }
}
