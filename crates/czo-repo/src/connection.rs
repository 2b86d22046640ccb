//! What a repository's methods run on.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, StreamTrait};

use crate::environment::Environment;
use crate::{Database, DatabaseError, UnitOfWork};

/// What a repository's methods run on: a [`Database`], each call for itself, or a [`UnitOfWork`],
/// all of them together. Nothing else can be one.
pub trait Connection: sealed::Sealed {}

impl Connection for Database {}
impl Connection for UnitOfWork {}

/// Which of the two it is.
#[cfg(feature = "cache")]
#[derive(Clone, Copy, Debug)]
pub enum Within<'c> {
    Database(&'c Database),
    Unit(&'c UnitOfWork),
}

pub(crate) mod sealed {
    #[cfg(feature = "cache")]
    use super::Within;
    use super::{
        ConnectionTrait, DatabaseConnection, DatabaseError, DatabaseTransaction, DbBackend,
        Environment, StreamTrait, UnitOfWork,
    };
    use crate::Database;
    use crate::database::Turn;

    pub trait Sealed: Send + Sync {
        /// SeaORM's connection.
        type Inner: ConnectionTrait + StreamTrait + Send;

        /// For reads that may be a moment behind.
        fn reader(&self) -> &Self::Inner;

        /// For writes, and for reads that decide about one.
        fn writer(&self) -> &Self::Inner;

        fn environment(&self) -> &Environment;

        /// Which of the two it is.
        #[cfg(feature = "cache")]
        fn within(&self) -> Within<'_>;

        /// Which database it is.
        fn backend(&self) -> DbBackend;

        /// Waits for the turn to write one statement.
        fn turn(&self) -> impl Future<Output = Result<Turn, DatabaseError>> + Send;

        /// Starts a transaction, or a savepoint within one.
        fn begin(&self) -> impl Future<Output = Result<UnitOfWork, DatabaseError>> + Send;
    }

    impl Sealed for Database {
        type Inner = DatabaseConnection;

        fn reader(&self) -> &DatabaseConnection {
            Database::reader(self)
        }

        fn writer(&self) -> &DatabaseConnection {
            Database::writer(self)
        }

        fn environment(&self) -> &Environment {
            Database::environment(self)
        }

        #[cfg(feature = "cache")]
        fn within(&self) -> Within<'_> {
            Within::Database(self)
        }

        fn backend(&self) -> DbBackend {
            ConnectionTrait::get_database_backend(&**self)
        }

        async fn turn(&self) -> Result<Turn, DatabaseError> {
            Database::turn(self).await
        }

        async fn begin(&self) -> Result<UnitOfWork, DatabaseError> {
            Database::begin(self).await
        }
    }

    impl Sealed for UnitOfWork {
        type Inner = DatabaseTransaction;

        fn reader(&self) -> &DatabaseTransaction {
            self
        }

        fn writer(&self) -> &DatabaseTransaction {
            self
        }

        fn environment(&self) -> &Environment {
            UnitOfWork::environment(self)
        }

        #[cfg(feature = "cache")]
        fn within(&self) -> Within<'_> {
            Within::Unit(self)
        }

        fn backend(&self) -> DbBackend {
            ConnectionTrait::get_database_backend(&**self)
        }

        /// The writer's is this transaction's since it began.
        async fn turn(&self) -> Result<Turn, DatabaseError> {
            self.statement()
        }

        async fn begin(&self) -> Result<UnitOfWork, DatabaseError> {
            self.savepoint().await
        }
    }
}
