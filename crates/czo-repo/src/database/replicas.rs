//! Copies of the database that answer reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sea_orm::{DatabaseConnection, DbErr};

use super::Database;

/// Copies that answer reads in turn, and whether they may.
#[derive(Clone, Debug, Default)]
pub(super) struct Replicas {
    connections: Arc<[DatabaseConnection]>,
    next: Arc<AtomicUsize>,
    /// No session, no promise.
    session: Option<Arc<Session>>,
}

/// What the reads of one request have in common.
#[derive(Debug)]
struct Session {
    /// Whether it has written, so that its reads must see it.
    wrote: AtomicBool,
    /// Which copy it reads: another may be behind this one.
    turn: usize,
}

impl Replicas {
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        let mut outcome = Ok(());
        for replica in &*self.connections {
            outcome = outcome.and(replica.clone().close().await);
        }
        outcome
    }

    fn reader(&self) -> Option<&DatabaseConnection> {
        let turn = match &self.session {
            Some(session) if session.wrote.load(Ordering::Acquire) => return None,
            Some(session) => session.turn,
            None => self.turn(),
        };
        self.connections.get(turn.checked_rem(self.connections.len())?)
    }

    fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Database {
    /// Lets `replicas` answer the reads of repositories, in turn. They may be behind: see
    /// [`session`](Self::session) and [`primary`](Self::primary). Writes, units of work and
    /// everything that is done on the [`DatabaseConnection`] itself go to this database.
    #[must_use]
    pub fn with_replicas(mut self, replicas: impl IntoIterator<Item = Database>) -> Self {
        let connections = replicas.into_iter().map(|replica| replica.connection).collect();
        self.replicas = Replicas { connections, ..Replicas::default() };
        self
    }

    /// A handle for one request, whose reads never go back in time: all of them go to the same
    /// replica, and to the primary once something was written through it or a clone of it.
    #[must_use]
    pub fn session(&self) -> Self {
        let mut session = self.clone();
        let turn = self.replicas.turn();
        session.replicas.session = Some(Arc::new(Session { wrote: AtomicBool::new(false), turn }));
        session
    }

    /// A handle that reads from the primary.
    #[must_use]
    pub fn primary(&self) -> Self {
        let mut primary = self.clone();
        if !primary.replicas.connections.is_empty() {
            primary.replicas = Replicas::default();
        }
        primary
    }

    /// SeaORM's connection for reads that may be a moment behind, for what a repository has no
    /// method for.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        self.replicas.reader().unwrap_or(&self.connection)
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        if let Some(session) = &self.replicas.session {
            session.wrote.store(true, Ordering::Release);
        }
        &self.connection
    }
}
