//! The folder with czo's own files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use czo_repo::DatabaseUrl;
use secrecy::{ExposeSecret, SecretString};

use crate::RuntimeError;

const OWNER_TOKEN: &str = "owner-token";
const VAULT_KEY: &str = "vault-key";

fn error(path: &Path) -> impl FnOnce(std::io::Error) -> RuntimeError {
    let path = path.to_owned();
    move |source| RuntimeError::File { path, source }
}

/// Makes the folder, for the user who runs czo alone, if it is not there.
pub(crate) fn create(folder: &Path) -> Result<(), RuntimeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(error(folder))
}

/// Where the owner's token of a database is kept.
pub(crate) fn owner_token_path(folder: &Path, database: &DatabaseUrl) -> PathBuf {
    path_for(folder, OWNER_TOKEN, database)
}

/// Where the key is kept that the secrets of apps in a database are sealed with.
pub(crate) fn vault_key_path(folder: &Path, database: &DatabaseUrl) -> PathBuf {
    path_for(folder, VAULT_KEY, database)
}

/// A file that belongs to a database: of that name for the embedded one, and for PostgreSQL named
/// for the database, so that none takes the place of another.
fn path_for(folder: &Path, name: &str, database: &DatabaseUrl) -> PathBuf {
    let name = match database.sqlite_path() {
        Some(_) => name.to_owned(),
        None => {
            let place = database.to_string();
            let words = place.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
            let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
            format!("{name}-{}", words.join("-"))
        }
    };
    folder.join(name)
}

/// The key in this file, if there is one.
pub(crate) fn read_key(path: &Path) -> Result<Option<SecretString>, RuntimeError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned().into())),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(error(path)(source)),
    }
}

/// The token in this file, if there is one.
pub(crate) fn read_token(path: &Path) -> Option<SecretString> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned().into())
}

/// Keeps the owner's token where only the user who runs czo can read it.
pub(crate) fn write_owner_token(path: &Path, token: &SecretString) -> Result<(), RuntimeError> {
    path.parent().map_or(Ok(()), create)?;
    write_private(path, &format!("{}\n", token.expose_secret()))
}

/// Writes a file that is only ever readable by its owner, whole and at once; where there is one, it
/// stays as it is.
pub(crate) fn write_new_private(path: &Path, text: &str) -> Result<(), RuntimeError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(error(path))?;
    file.write_all(text.as_bytes()).map_err(error(path))?;
    // What it opens is in the database next.
    file.as_file().sync_all().map_err(error(path))?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error(path)(failed.error))
        }
        _ => Ok(()),
    }
}

/// Writes a file that is only ever readable by its owner.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), RuntimeError> {
    // A file that is there may have another mode, which opening would keep.
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(error(path)(source));
        }
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(error(path))?;
    file.write_all(text.as_bytes()).map_err(error(path))
}
