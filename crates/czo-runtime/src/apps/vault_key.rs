//! What the secrets of apps are sealed with.

use std::path::Path;

use czo_apps::{AppError, VaultKey};
use secrecy::ExposeSecret;

use crate::{Config, RuntimeError, data_dir};

/// The keys of the configuration; where there are none, the one in the data folder, made by whoever
/// asks first.
pub(super) fn keys(config: &Config) -> Result<Vec<VaultKey>, RuntimeError> {
    if !config.apps.vault_keys.is_empty() {
        return Ok(config.apps.vault_keys.clone());
    }
    let path = config.vault_key_path();
    if data_dir::read_key(&path)?.is_none() {
        make(config, &path)?;
    }
    let kept = data_dir::read_key(&path)?;
    let key = kept.and_then(|text| text.expose_secret().parse().ok());
    key.map(|key| vec![key]).ok_or(RuntimeError::VaultKeyFile { path })
}

/// Of two that start at once, one makes it, and both have that one.
fn make(config: &Config, path: &Path) -> Result<(), RuntimeError> {
    let key = VaultKey::generate().map_err(AppError::from)?;
    data_dir::create(&config.data_dir)?;
    data_dir::write_new_private(path, &format!("{}\n", key.expose().expose_secret()))?;
    if config.database_options().url.sqlite_path().is_none() {
        tracing::warn!(
            path = %path.display(),
            "made a key for the secrets of apps: it is needed for as long as there are apps, and by \
             every server on this database; set `apps.vault_keys` to it"
        );
    }
    Ok(())
}
