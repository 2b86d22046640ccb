//! The tables of the outbox, on both databases.

mod forget;
mod insert;
mod leave;
mod read;

use std::borrow::Cow;

use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

#[cfg(test)]
pub(crate) use read::Horizon;
pub(crate) use read::{Batch, Row, Wanted};

const BY_INDEX: &str = "\
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; \
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
SET LOCAL jit = off; SET LOCAL synchronous_commit = off";

/// What the names of the tables of a stream begin with. Statements are written with those of the
/// main one.
const MAIN: &str = "outbox_";
const MIRROR: &str = "outbox_mirror_";

/// Which of the two streams of events: the tables of one are built like those of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// What every event is in.
    Main,
    /// What a second bus is to have, too.
    Mirror,
}

impl Stream {
    /// What it is called in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Mirror => "mirror",
        }
    }
}

/// The tables of one stream of one database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
    stream: Stream,
}

impl Store {
    pub(crate) fn new(database: Database, stream: Stream) -> Self {
        Self { database, stream }
    }

    pub(crate) fn stream(&self) -> Stream {
        self.stream
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.database.is_sqlite()
    }

    /// Begins a transaction in which PostgreSQL goes by the index, whatever it believes of the
    /// table, and does not wait for the disk.
    ///
    /// The table is empty most of the time, and then statements are planned to read all of it; a
    /// plan is kept, and a hundred thousand events later it reads all of them for each batch. Where
    /// another plan is forbidden and there is none, it seems so dear that PostgreSQL would compile it
    /// first, which takes longer than to run it.
    /// Nothing is lost without the disk: a server that fails right after the commit shows what had
    /// left the table again, and it arrives twice.
    pub(crate) async fn begin(&self) -> Result<UnitOfWork, DatabaseError> {
        let tx = self.database.begin().await?;
        if !self.is_sqlite() {
            tx.execute_unprepared(BY_INDEX).await?;
        }
        Ok(tx)
    }

    /// The statement of this database, of the two.
    pub(crate) fn statement<I>(&self, postgres: &str, sqlite: &str, values: I) -> Statement
    where
        I: IntoIterator<Item = Value>,
    {
        if self.is_sqlite() {
            Statement::from_sql_and_values(DbBackend::Sqlite, self.sql(sqlite), values)
        } else {
            Statement::from_sql_and_values(DbBackend::Postgres, self.sql(postgres), values)
        }
    }

    /// The text of a statement for this stream.
    pub(crate) fn sql<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        match self.stream {
            Stream::Main => Cow::Borrowed(sql),
            Stream::Mirror => Cow::Owned(sql.replace(MAIN, MIRROR)),
        }
    }

    /// A statement that both databases understand.
    pub(crate) fn same<I>(&self, sql: &str, values: I) -> Statement
    where
        I: IntoIterator<Item = Value>,
    {
        self.statement(sql, sql, values)
    }
}

/// Numbers as one value: `{1,2}`, an array of PostgreSQL, or `[1,2]`, one of JSON.
pub(crate) fn numbers<N: std::fmt::Display>(
    numbers: impl IntoIterator<Item = N>,
    sqlite: bool,
) -> Value {
    let (open, close) = if sqlite { ('[', ']') } else { ('{', '}') };
    let mut text = String::from(open);
    for (place, number) in numbers.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // Writing into a `String` does not fail.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{number}"));
    }
    text.push(close);
    text.into()
}
