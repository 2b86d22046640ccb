//! Versions of modules.

use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::QueryResult;

use super::modules::first;
use super::{
    FileKind, KEPT_VERSIONS, ModuleFile, ModuleStore, ModuleVersionId, ModuleVersionRecord,
    NewModuleVersion, StoreError, row,
};
use crate::ModuleError;

/// What [`record`] reads.
const COLUMNS: &str = "id, manifest, package_digest, grants, created_at";

impl ModuleStore {
    /// Keeps a version of an installed module, and forgets all but the last [`KEPT_VERSIONS`]; never
    /// the one that serves. It does not serve yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoModule`]. When a file was not put before, the database refuses it.
    pub async fn add_version(
        &self,
        tx: &UnitOfWork,
        version: &NewModuleVersion,
    ) -> Result<ModuleVersionRecord, ModuleError> {
        let name = &version.manifest.name;
        // Locked, so that two of a module do not both count the versions there are.
        let lock = format!(
            "SELECT name FROM modules_module WHERE name = $1 {}",
            self.dialect.for_update()
        );
        if self.write(tx, &lock, [name.as_str().into()]).await?.is_empty() {
            return Err(StoreError::NoModule { name: name.clone() }.into());
        }
        let id = ModuleVersionId::generate(&*self.ids);
        let insert = format!(
            "INSERT INTO modules_version \
             (id, module, version, manifest, package_digest, grants, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, {{now}}) RETURNING {COLUMNS}"
        );
        let values = [
            id.into(),
            name.as_str().into(),
            version.manifest.version.to_string().into(),
            row::to_json("the manifest", &version.manifest)?.into(),
            version.package_digest.to_string().into(),
            row::to_json("the grants", &version.grants)?.into(),
        ];
        let rows = self.write(tx, &insert, values).await?;
        let written = record(first(&rows, "the version")?)?;
        for file in &version.files {
            self.add_file(tx, id, file).await?;
        }
        self.forget_old_versions(tx, name).await?;
        Ok(written)
    }

    async fn add_file(
        &self,
        tx: &UnitOfWork,
        version: ModuleVersionId,
        file: &ModuleFile,
    ) -> Result<(), ModuleError> {
        let insert = "INSERT INTO modules_file (version_id, kind, path, digest, size) \
                      VALUES ($1, $2, $3, $4, $5)";
        let size = i64::try_from(file.size).map_err(|error| row::corrupt("a size", error))?;
        let values = [
            version.into(),
            file.kind.as_str().into(),
            file.path.as_str().into(),
            file.digest.to_string().into(),
            size.into(),
        ];
        self.write(tx, insert, values).await.map(drop)
    }

    async fn forget_old_versions(
        &self,
        tx: &UnitOfWork,
        name: &ModuleName,
    ) -> Result<(), ModuleError> {
        let kept = KEPT_VERSIONS;
        let delete = format!(
            "DELETE FROM modules_version WHERE module = $1 \
             AND id NOT IN (SELECT id FROM modules_version WHERE module = $1 \
                            ORDER BY created_at DESC, id DESC LIMIT {kept}) \
             AND NOT EXISTS (SELECT 1 FROM modules_module \
                             WHERE modules_module.version_id = modules_version.id)"
        );
        self.write(tx, &delete, [name.as_str().into()]).await.map(drop)
    }

    /// The versions of a module that are kept, the newest first.
    ///
    /// # Errors
    ///
    /// When the database fails, or holds what this program does not understand.
    pub async fn versions(
        &self,
        module: &ModuleName,
    ) -> Result<Vec<ModuleVersionRecord>, ModuleError> {
        let query = format!(
            "SELECT {COLUMNS} FROM modules_version WHERE module = $1 \
             ORDER BY created_at DESC, id DESC"
        );
        self.read(&query, [module.as_str().into()]).await?.iter().map(record).collect()
    }

    /// One version.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoVersion`].
    pub async fn version(&self, id: ModuleVersionId) -> Result<ModuleVersionRecord, ModuleError> {
        let query = format!("SELECT {COLUMNS} FROM modules_version WHERE id = $1");
        let rows = self.read(&query, [id.into()]).await?;
        record(rows.first().ok_or(StoreError::NoVersion { id })?)
    }

    /// The files of a version, by kind and path.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn files(&self, version: ModuleVersionId) -> Result<Vec<ModuleFile>, ModuleError> {
        let query = "SELECT kind, path, digest, size FROM modules_file WHERE version_id = $1 \
                     ORDER BY kind, path";
        self.read(query, [version.into()]).await?.iter().map(file).collect()
    }
}

fn record(row: &QueryResult) -> Result<ModuleVersionRecord, ModuleError> {
    Ok(ModuleVersionRecord {
        id: row::get(row, "id")?,
        manifest: row::json(row, "manifest")?,
        package_digest: row::parse(row, "package_digest")?,
        grants: row::json(row, "grants")?,
        created_at: row::time(row, "created_at")?,
    })
}

fn file(row: &QueryResult) -> Result<ModuleFile, ModuleError> {
    Ok(ModuleFile {
        kind: row::word(row, "kind", FileKind::from_word)?,
        path: row::get(row, "path")?,
        digest: row::parse(row, "digest")?,
        size: row::count(row, "size")?,
    })
}
