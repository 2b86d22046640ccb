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
    /// Whether this session has written, so that its reads must see it. No session, no promise.
    wrote: Option<Arc<AtomicBool>>,
}

impl Replicas {
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        for replica in &*self.connections {
            replica.clone().close().await?;
        }
        Ok(())
    }

    fn reader(&self) -> Option<&DatabaseConnection> {
        let wrote = self.wrote.as_ref().is_some_and(|wrote| wrote.load(Ordering::Acquire));
        if wrote || self.connections.is_empty() {
            return None;
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.connections.get(turn % self.connections.len())
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

    /// A handle for one request, which reads its own writes: once something was written through
    /// it or a clone of it, it reads from the primary.
    #[must_use]
    pub fn session(&self) -> Self {
        let mut session = self.clone();
        session.replicas.wrote = Some(Arc::default());
        session
    }

    /// A handle that reads from the primary.
    #[must_use]
    pub fn primary(&self) -> Self {
        let mut primary = self.clone();
        primary.replicas = Replicas::default();
        primary
    }

    /// SeaORM's connection for reads that may be a moment behind, for what a repository has no
    /// method for.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        self.replicas.reader().unwrap_or(&self.connection)
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        if let Some(wrote) = &self.replicas.wrote {
            wrote.store(true, Ordering::Release);
        }
        &self.connection
    }
}
