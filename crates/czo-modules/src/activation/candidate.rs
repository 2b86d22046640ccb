//! A version that is to serve.

use std::sync::Arc;

use bytes::Bytes;
use czo_module_package::{ModuleManifest, Package, PackageFile, PackagePath};

use super::Failed;
use crate::{
    ArtifactDigest, FileKind, MigrationPlan, ModuleError, ModuleFile, ModuleStore, ModuleVersionId,
    ModuleVersionRecord, NewModuleVersion,
};

/// A version that is to serve, with all that this takes.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) manifest: Arc<ModuleManifest>,
    /// None for a module that has nothing but pages.
    pub(crate) wasm: Option<Bytes>,
    pub(crate) plan: MigrationPlan,
    pub(crate) origin: Origin,
}

/// Where a version comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// It is kept already.
    Kept(ModuleVersionId),
    /// It is kept once it serves.
    New(Box<NewModuleVersion>),
}

impl Candidate {
    /// That of a package, which was validated. Its files are put into the store.
    pub(crate) async fn of_package(
        store: &ModuleStore,
        package: &Package,
    ) -> Result<Self, ModuleError> {
        let manifest = package.manifest();
        let mut files = Vec::new();
        if let (Some(backend), Some(wasm)) = (&manifest.backend, package.wasm()) {
            files.push(kept(store, FileKind::Wasm, backend.wasm.clone(), wasm).await?);
        }
        let mut migrations = Vec::new();
        for (path, file) in package.migrations() {
            let name = last(path);
            migrations.push((name.clone(), sql(manifest, &name, file.bytes())?));
            files.push(kept(store, FileKind::Migration, name, file).await?);
        }
        let folder = manifest.dashboard.as_ref().map_or("", |it| it.assets.trim_end_matches('/'));
        for (path, file) in package.assets() {
            let path = path.as_str().strip_prefix(folder).unwrap_or(path.as_str());
            let path = path.trim_start_matches('/').to_owned();
            files.push(kept(store, FileKind::Asset, path, file).await?);
        }
        let new = NewModuleVersion {
            manifest: manifest.clone(),
            package_digest: ArtifactDigest::from(*package.digest().as_bytes()),
            grants: manifest.permissions.clone(),
            files,
        };
        Ok(Self {
            manifest: Arc::new(manifest.clone()),
            wasm: package.wasm().map(|file| Bytes::copy_from_slice(file.bytes())),
            plan: plan(manifest, &migrations)?,
            origin: Origin::New(Box::new(new)),
        })
    }

    /// That of a version that is kept.
    pub(crate) async fn of_version(
        store: &ModuleStore,
        version: &ModuleVersionRecord,
    ) -> Result<Self, ModuleError> {
        let (mut wasm, mut migrations) = (None, Vec::new());
        for file in store.files(version.id).await? {
            match file.kind {
                FileKind::Wasm => wasm = Some(store.artifact(file.digest).await?.into()),
                FileKind::Migration => {
                    let content = store.artifact(file.digest).await?;
                    let text = sql(&version.manifest, &file.path, &content)?;
                    migrations.push((file.path, text));
                }
                FileKind::Asset => {}
            }
        }
        Ok(Self {
            manifest: Arc::new(version.manifest.clone()),
            wasm,
            plan: plan(&version.manifest, &migrations)?,
            origin: Origin::Kept(version.id),
        })
    }
}

async fn kept(
    store: &ModuleStore,
    kind: FileKind,
    path: String,
    file: &PackageFile,
) -> Result<ModuleFile, ModuleError> {
    let digest = store.put_artifact(file.bytes().to_vec()).await?;
    Ok(ModuleFile { kind, path, digest, size: file.bytes().len() as u64 })
}

fn last(path: &PackagePath) -> String {
    let path = path.as_str();
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn sql(manifest: &ModuleManifest, path: &str, content: &[u8]) -> Result<String, ModuleError> {
    String::from_utf8(content.to_vec()).map_err(|error| {
        Failed::new("reading migrations", format!("`{path}` is no text: {error}"))
            .of_module(&manifest.name)
    })
}

fn plan(
    manifest: &ModuleManifest,
    migrations: &[(String, String)],
) -> Result<MigrationPlan, ModuleError> {
    Ok(MigrationPlan::read(&manifest.name, migrations)?)
}
