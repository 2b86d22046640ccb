//! Telling the other processes of a database that there is something to look at.

use std::future::pending;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Database;
use crate::{DatabaseError, DatabaseUrl};

/// How long to wait before a lost connection is tried again: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Notifications on one channel; made by [`Database::listen`].
///
/// They are a hint, not a queue: several may arrive as one, and those sent while the connection
/// was lost do not arrive at all, so whoever listens also looks by himself from time to time.
#[derive(Debug)]
pub struct Notifications {
    source: Option<Source>,
}

#[derive(Debug)]
struct Source {
    url: DatabaseUrl,
    channel: &'static str,
    listener: Option<PgListener>,
}

impl Database {
    /// Notifies every process that [listens](Self::listen) on `channel` of this PostgreSQL
    /// database, at once and outside of any transaction. With SQLite it does nothing.
    ///
    /// It is not for the transaction that wrote: PostgreSQL lets transactions that notify commit
    /// only one after the other, in the whole server.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn notify(&self, channel: &'static str) -> Result<(), DatabaseError> {
        if self.is_sqlite() {
            return Ok(());
        }
        let values = [channel.into()];
        let notify = "SELECT pg_notify($1, '')";
        let notify = Statement::from_sql_and_values(DbBackend::Postgres, notify, values);
        self.writer().execute_raw(notify).await?;
        Ok(())
    }

    /// Listens on `channel`, on a connection of its own that is opened by the first
    /// [`next`](Notifications::next) and opened again whenever it is lost.
    #[must_use]
    pub fn listen(&self, channel: &'static str) -> Notifications {
        let url = (!self.is_sqlite()).then(|| (*self.url).clone());
        Notifications { source: url.map(|url| Source { url, channel, listener: None }) }
    }
}

impl Notifications {
    /// Returns when there was a notification since the last call, or when there may have been
    /// because the connection was not there. With SQLite it waits for ever.
    ///
    /// Dropping its future loses nothing.
    pub async fn next(&mut self) {
        let Some(source) = &mut self.source else { return pending().await };
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(listener) = &mut source.listener else {
                match source.connect().await {
                    // What was sent before is not known.
                    Ok(listener) => {
                        source.listener = Some(listener);
                        return;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "notifications of the database cannot be had");
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
                continue;
            };
            match listener.try_recv().await {
                Ok(_) => {
                    // Those that came together are one.
                    while listener.next_buffered().is_some() {}
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "notifications of the database were lost");
                    source.listener = None;
                }
            }
        }
    }
}

impl Source {
    async fn connect(&self) -> Result<PgListener, sea_orm::sqlx::Error> {
        let mut listener = PgListener::connect(self.url.postgres().unwrap_or_default()).await?;
        listener.listen(self.channel).await?;
        Ok(listener)
    }
}
