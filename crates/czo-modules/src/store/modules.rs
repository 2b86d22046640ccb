//! Installed modules.

use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::{QueryResult, Value};

use super::{ModuleRecord, ModuleStatus, ModuleStore, ModuleVersionId, Revision, StoreError, row};
use crate::{Generation, ModuleError};

/// What [`record`] reads.
const COLUMNS: &str =
    "name, status, source, version_id, generation, note, revision, created_at, updated_at";

impl ModuleStore {
    /// All that are installed, by name.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn modules(&self) -> Result<Vec<ModuleRecord>, ModuleError> {
        let query = format!("SELECT {COLUMNS} FROM modules_module ORDER BY name");
        self.read(&query, []).await?.iter().map(record).collect()
    }

    /// One that is installed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn module(&self, name: &ModuleName) -> Result<Option<ModuleRecord>, ModuleError> {
        let query = format!("SELECT {COLUMNS} FROM modules_module WHERE name = $1");
        self.read(&query, [name.as_str().into()]).await?.first().map(record).transpose()
    }

    /// Writes down a new module, which does not serve yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyInstalled`].
    pub async fn register(
        &self,
        tx: &UnitOfWork,
        name: &ModuleName,
        source: &str,
    ) -> Result<ModuleRecord, ModuleError> {
        let insert = format!(
            "INSERT INTO modules_module \
             (name, status, source, generation, revision, created_at, updated_at) \
             VALUES ($1, 'installed', $2, 0, 1, {{now}}, {{now}}) \
             ON CONFLICT (name) DO NOTHING RETURNING {COLUMNS}"
        );
        let rows = self.write(tx, &insert, [name.as_str().into(), source.into()]).await?;
        let written = rows.first();
        record(written.ok_or_else(|| StoreError::AlreadyInstalled { name: name.clone() })?)
    }

    /// Makes a version serve from now on, on every node, as a new [generation](Generation): the
    /// record that is returned names it. `module` is the record that was looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when the record is not the newest, [`StoreError::NoVersion`] when the
    /// version is not this module's.
    pub async fn activate(
        &self,
        tx: &UnitOfWork,
        module: &ModuleRecord,
        version: ModuleVersionId,
    ) -> Result<ModuleRecord, ModuleError> {
        let name = || Value::from(module.name.as_str());
        let check = "SELECT id FROM modules_version WHERE id = $1 AND module = $2";
        if self.write(tx, check, [version.into(), name()]).await?.is_empty() {
            return Err(StoreError::NoVersion { id: version }.into());
        }
        let next = "INSERT INTO modules_generation AS g (module, last) VALUES ($1, 1) \
                    ON CONFLICT (module) DO UPDATE SET last = g.last + 1 RETURNING last";
        let rows = self.write(tx, next, [name()]).await?;
        let generation: i64 = row::get(first(&rows, "the generation")?, "last")?;
        let change = "status = 'enabled', note = NULL, version_id = $3, generation = $4";
        self.change(tx, module, change, [version.into(), generation.into()]).await
    }

    /// The number of the last activation of a module, 0 before the first; also of one that was removed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn last_generation(&self, name: &ModuleName) -> Result<u64, ModuleError> {
        let query = "SELECT last FROM modules_generation WHERE module = $1";
        let rows = self.read(query, [name.as_str().into()]).await?;
        rows.first().map_or(Ok(0), |found| row::count(found, "last"))
    }

    /// Changes whether a module serves, with the reason. `module` is the record that was looked at.
    /// To let it serve is [`activate`](Self::activate).
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when the record is not the newest.
    pub async fn set_status(
        &self,
        tx: &UnitOfWork,
        module: &ModuleRecord,
        status: ModuleStatus,
        note: Option<&str>,
    ) -> Result<ModuleRecord, ModuleError> {
        let values = [Value::from(status.as_str()), note.map(str::to_owned).into()];
        self.change(tx, module, "status = $3, note = $4", values).await
    }

    /// Changes where a module comes from. `module` is the record that was looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when the record is not the newest.
    pub async fn set_source(
        &self,
        tx: &UnitOfWork,
        module: &ModuleRecord,
        source: &str,
    ) -> Result<ModuleRecord, ModuleError> {
        self.change(tx, module, "source = $3", [source.into()]).await
    }

    /// Forgets a module and its versions. What it keeps stays: its tables, values and configuration
    /// are deleted by [`drop_tables`](crate::ModuleMigrations::drop_tables),
    /// [`delete_all`](crate::SqlKeyValue::delete_all) and [`delete_configs`](Self::delete_configs). The numbers of its
    /// generations go on if it comes back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when the record is not the newest.
    pub async fn remove(&self, tx: &UnitOfWork, module: &ModuleRecord) -> Result<(), ModuleError> {
        let delete = "DELETE FROM modules_module WHERE name = $1 AND revision = $2 RETURNING name";
        let values = [module.name.as_str().into(), module.revision.0.into()];
        if self.write(tx, delete, values).await?.is_empty() {
            return Err(StoreError::Changed { name: module.name.clone() }.into());
        }
        Ok(())
    }

    async fn change(
        &self,
        tx: &UnitOfWork,
        module: &ModuleRecord,
        change: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<ModuleRecord, ModuleError> {
        let update = format!(
            "UPDATE modules_module SET {change}, revision = revision + 1, updated_at = {{now}} \
             WHERE name = $1 AND revision = $2 RETURNING {COLUMNS}"
        );
        let seen = [module.name.as_str().into(), module.revision.0.into()];
        let rows = self.write(tx, &update, seen.into_iter().chain(values)).await?;
        let written = rows.first();
        record(written.ok_or_else(|| StoreError::Changed { name: module.name.clone() })?)
    }
}

/// The row that a statement always answers.
pub(super) fn first<'r>(
    rows: &'r [QueryResult],
    what: &str,
) -> Result<&'r QueryResult, ModuleError> {
    rows.first().ok_or_else(|| row::corrupt(what, "nothing was answered"))
}

fn record(row: &QueryResult) -> Result<ModuleRecord, ModuleError> {
    let generation = row::count(row, "generation")?;
    Ok(ModuleRecord {
        name: row::parse(row, "name")?,
        status: row::word(row, "status", ModuleStatus::from_word)?,
        source: row::get(row, "source")?,
        version_id: row::get(row, "version_id")?,
        generation: (generation > 0).then(|| Generation::new(generation)),
        note: row::get(row, "note")?,
        revision: Revision(row::get(row, "revision")?),
        created_at: row::time(row, "created_at")?,
        updated_at: row::time(row, "updated_at")?,
    })
}
