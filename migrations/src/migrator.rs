//! Applies migrations and takes them back.

use czo_core::{Classified, ErrorKind};
use czo_repo::{Database, DatabaseError};
use sea_orm::sea_query::{Alias, IntoIden};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DynIden};
use sea_orm_migration::{MigrationStatus, MigrationTrait, MigratorTraitSelf};
use serde::Serialize;
use thiserror::Error;

use crate::MigrationSet;

/// Serializes migrations of one PostgreSQL database, wherever they are started.
const ADVISORY_LOCK: i64 = 0x63_7a_6f_6d; // "czom"

/// Applies the migrations of several owners and takes them back.
///
/// Every call is one transaction: after an error the schema is as it was. Two calls at once
/// (two servers starting, say) wait for each other.
#[derive(Clone, Debug)]
pub struct Migrator {
    sets: Vec<MigrationSet>,
}

/// Whether one migration is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationState {
    /// Whose it is.
    pub owner: &'static str,
    /// Its name.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// Why migrations were not applied or taken back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// No owner of this name.
    #[error("there is no owner `{owner}`: the owners are {}", known.join(", "))]
    UnknownOwner {
        /// What was asked for.
        owner: String,
        /// The owners there are.
        known: Vec<&'static str>,
    },
    /// The database failed; nothing has changed.
    #[error("the schema was left as it was")]
    Database(#[from] DatabaseError),
}

impl Classified for MigrationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownOwner { .. } => ErrorKind::Invalid,
            Self::Database(error) => error.kind(),
        }
    }
}

impl Migrator {
    /// A migrator for these owners, in this order; taking back goes in the opposite order.
    #[must_use]
    pub fn new(sets: Vec<MigrationSet>) -> Self {
        Self { sets }
    }

    /// Only the migrations of `owner`.
    ///
    /// # Errors
    ///
    /// [`MigrationError::UnknownOwner`].
    pub fn only(&self, owner: &str) -> Result<Self, MigrationError> {
        match self.sets.iter().find(|set| set.owner() == owner) {
            Some(set) => Ok(Self::new(vec![*set])),
            None => Err(MigrationError::UnknownOwner {
                owner: owner.to_owned(),
                known: self.sets.iter().map(MigrationSet::owner).collect(),
            }),
        }
    }

    /// What is applied and what is pending. Changes nothing in the database.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Database`], also when the database has migrations that this program
    /// does not know.
    pub async fn status(&self, database: &Database) -> Result<Vec<MigrationState>, MigrationError> {
        let mut states = Vec::new();
        for set in &self.sets {
            let found = Owned(*set)
                .get_migration_with_status_read_only(&**database)
                .await
                .map_err(DatabaseError::from)?;
            states.extend(found.iter().map(|migration| MigrationState {
                owner: set.owner(),
                name: migration.name().to_owned(),
                applied: migration.status() == MigrationStatus::Applied,
            }));
        }
        Ok(states)
    }

    /// Applies what is pending, and says what that was.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Database`]; nothing has changed then.
    pub async fn up(&self, database: &Database) -> Result<Vec<MigrationState>, MigrationError> {
        self.change(database, async |tx| {
            for set in &self.sets {
                Owned(*set).up(tx, None).await?;
            }
            Ok(())
        })
        .await
    }

    /// Takes the last `steps` migrations of every owner back, or all, and says what that was.
    ///
    /// # Errors
    ///
    /// [`MigrationError::Database`]; nothing has changed then.
    pub async fn down(
        &self,
        database: &Database,
        steps: Option<u32>,
    ) -> Result<Vec<MigrationState>, MigrationError> {
        self.change(database, async |tx| {
            for set in self.sets.iter().rev() {
                Owned(*set).down(tx, steps).await?;
            }
            Ok(())
        })
        .await
    }

    /// Runs `work` in one transaction and returns the states that it changed.
    async fn change(
        &self,
        database: &Database,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), sea_orm::DbErr>,
    ) -> Result<Vec<MigrationState>, MigrationError> {
        let tx = database.begin().await?;
        if !database.is_sqlite() {
            let lock = format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})");
            tx.execute_unprepared(&lock).await.map_err(DatabaseError::from)?;
        }
        let before = self.status_in(&tx).await?;
        work(&tx).await.map_err(DatabaseError::from)?;
        let after = self.status_in(&tx).await?;
        tx.commit().await?;
        Ok(after.into_iter().filter(|state| !before.contains(state)).collect())
    }

    async fn status_in(
        &self,
        tx: &DatabaseTransaction,
    ) -> Result<Vec<MigrationState>, DatabaseError> {
        let mut states = Vec::new();
        for set in &self.sets {
            states.extend(Owned(*set).get_migration_with_status(tx).await?.iter().map(
                |migration| MigrationState {
                    owner: set.owner(),
                    name: migration.name().to_owned(),
                    applied: migration.status() == MigrationStatus::Applied,
                },
            ));
        }
        Ok(states)
    }
}

/// A set as SeaORM's migrator sees it: with a record table of its own.
struct Owned(MigrationSet);

impl MigratorTraitSelf for Owned {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.0.list()
    }

    fn migration_table_name(&self) -> DynIden {
        Alias::new(format!("czo_migration_{}", self.0.owner())).into_iden()
    }
}
