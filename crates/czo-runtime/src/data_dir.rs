//! The folder with czo's own files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::RuntimeError;

const OWNER_TOKEN: &str = "owner-token";

fn error(path: &Path) -> impl FnOnce(std::io::Error) -> RuntimeError {
    let path = path.to_owned();
    move |source| RuntimeError::File { path, source }
}

/// Makes the folder, if it is not there.
pub(crate) fn create(folder: &Path) -> Result<(), RuntimeError> {
    fs::create_dir_all(folder).map_err(error(folder))
}

/// Where the owner's token is kept for the command line.
#[must_use]
pub fn owner_token_path(folder: &Path) -> PathBuf {
    folder.join(OWNER_TOKEN)
}

/// The owner's token, if the server of this folder made one.
#[must_use]
pub fn owner_token(folder: &Path) -> Option<SecretString> {
    let text = fs::read_to_string(owner_token_path(folder)).ok()?;
    Some(text.trim().to_owned().into())
}

/// Keeps the owner's token where only the user who runs czo can read it.
pub(crate) fn write_owner_token(folder: &Path, token: &SecretString) -> Result<(), RuntimeError> {
    create(folder)?;
    write_private(&owner_token_path(folder), &format!("{}\n", token.expose_secret()))
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
