//! Migrations of modules: files that change a module's own tables, and nothing else.

mod apply;
mod error;
mod file;
mod rehearsal;
mod remove;
pub(crate) mod tables;

use std::fmt;

use chrono::{DateTime, Utc};
use czo_module_package::ModuleName;
use czo_repo::Database;
use sea_orm::{ConnectionTrait, QueryResult};

pub use self::error::{Direction, ModuleMigrationError};
use self::file::Step;
use crate::store::dialect::Dialect;
use crate::store::{ArtifactDigest, ModuleStore, row};
use crate::{ModuleError, SqlRefusal};

/// The migrations of a module's package, each looked at. Made by [`MigrationPlan::read`].
///
/// The files are `<nnnn>_<name>.up.sql` and `<nnnn>_<name>.down.sql`; `<nnnn>_<name>.sqlite.up.sql`
/// and `.postgres.up.sql`, and the same with `down`, where the databases differ. Each has statements
/// that end with a semicolon: `CREATE`, `ALTER` and `DROP` of tables and indexes, `INSERT`, `UPDATE`
/// and `DELETE`, all on names that begin with the module's prefix, by the rules of
/// [`GuardedSql`](crate::GuardedSql). Numbers need not follow each other, but grow from version to
/// version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationPlan {
    module: ModuleName,
    sqlite: Vec<Step>,
    postgres: Vec<Step>,
}

impl MigrationPlan {
    /// Looks at the files, for both databases. The paths are the names of the files.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with a name or a statement.
    pub fn read(
        module: &ModuleName,
        files: &[(String, String)],
    ) -> Result<Self, ModuleMigrationError> {
        let read = |dialect| file::read(dialect, &module.table_prefix(), files);
        Ok(Self {
            module: module.clone(),
            sqlite: read(Dialect::Sqlite)?,
            postgres: read(Dialect::Postgres)?,
        })
    }

    /// Whose migrations they are.
    #[must_use]
    pub fn module(&self) -> &ModuleName {
        &self.module
    }

    /// The number of the last one, 0 where there is none.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.sqlite.last().map_or(0, |step| step.number)
    }

    fn steps(&self, dialect: Dialect) -> &[Step] {
        match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        }
    }
}

/// A migration that is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The SHA-256 of the file that was applied.
    pub checksum: ArtifactDigest,
    /// When it was applied.
    pub applied_at: DateTime<Utc>,
}

/// Applies the migrations of modules, and takes them back.
///
/// **Guarantees.** Each migration is one transaction, with the note that it is applied: after an
/// error the tables are as before it. What is applied is what was [rehearsed](Self::rehearse), up,
/// down and up again, where that is called before. A migration that was changed after it was applied
/// is refused. How one is taken back is kept with it, so that no package is needed for it. All of it
/// belongs to an [`Operation`](crate::Operation), of which there is one at a time for a module.
///
/// **Limits.** On PostgreSQL a statement may take a minute. On SQLite it may take any
/// time, during which nothing else is written.
#[derive(Clone)]
pub struct ModuleMigrations {
    store: ModuleStore,
    database: Database,
    dialect: Dialect,
}

impl ModuleMigrations {
    /// Migrations in the database of this store.
    #[must_use]
    pub fn new(store: &ModuleStore) -> Self {
        let database = store.database().clone();
        let dialect = Dialect::of(database.is_sqlite());
        Self { store: store.clone(), database, dialect }
    }

    /// What of a module is applied, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn applied(&self, module: &ModuleName) -> Result<Vec<AppliedMigration>, ModuleError> {
        let query = "SELECT number, name, checksum, applied_at FROM modules_migration \
                     WHERE module = $1 ORDER BY number";
        let statement = self.dialect.statement(query, [module.as_str().into()]);
        self.database.query_all_raw(statement).await?.iter().map(applied).collect()
    }
}

fn applied(row: &QueryResult) -> Result<AppliedMigration, ModuleError> {
    let number: i32 = row::get(row, "number")?;
    Ok(AppliedMigration {
        number: u32::try_from(number).map_err(|error| row::corrupt("a number", error))?,
        name: row::get(row, "name")?,
        checksum: row::parse(row, "checksum")?,
        applied_at: row::time(row, "applied_at")?,
    })
}

fn refused(path: &str, source: SqlRefusal) -> ModuleMigrationError {
    ModuleMigrationError::Refused { path: path.to_owned(), source }
}

impl fmt::Debug for ModuleMigrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleMigrations").field("store", &self.store).finish()
    }
}
