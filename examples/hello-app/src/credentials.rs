//! What czo has given the app, and where it is kept.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an app gets when it is installed: with it, it acts in the shop, and knows czo's messages
/// from those of others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The installation that they are of.
    pub installation_id: String,
    /// The shop where the app is installed.
    pub shop_id: String,
    /// Where czo is.
    pub api_url: String,
    /// What lets into the API: `czoapp_…`.
    pub token: String,
    /// Until when, as czo wrote it.
    pub token_expires_at: String,
    /// What czo signs with: `whsec_…`.
    pub signing_secret: String,
    /// What else it signs with, for whoever verifies ed25519: `whpk_…`. This app does not.
    pub public_key: String,
}

impl fmt::Debug for Credentials {
    /// Without what lets in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("installation_id", &self.installation_id)
            .field("shop_id", &self.shop_id)
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}

/// Why credentials are not there, or cannot be kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The app is installed already.
    #[error(
        "the app is installed already: `hello-app forget` makes room, once the shop has removed it"
    )]
    Taken,
    /// The file cannot be read or written.
    #[error("the file of the credentials cannot be used")]
    File(#[from] std::io::Error),
    /// The file has something else in it.
    #[error("the file of the credentials has something else in it")]
    Form(#[from] serde_json::Error),
}

/// The file with the credentials of the one installation that this app has.
///
/// It is there whole or not at all, for its owner only (mode 600), and who is in it stays: whoever
/// could send the app other credentials could sign messages that it believes.
#[derive(Clone, Debug)]
pub struct Vault {
    path: PathBuf,
}

impl Vault {
    /// The file in this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, CredentialsError> {
        fs::create_dir_all(folder)?;
        Ok(Self { path: folder.join("credentials.json") })
    }

    /// The credentials, if the app is installed.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is another.
    pub fn load(&self) -> Result<Option<Credentials>, CredentialsError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps these, unless there are some.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Taken`], or when the file cannot be written.
    pub fn keep(&self, credentials: &Credentials) -> Result<(), CredentialsError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // A temporary file is its owner's only, and gets its name when everything is in it.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, credentials)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&self.path) {
            Ok(_) => Ok(()),
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => {
                Err(CredentialsError::Taken)
            }
            Err(failed) => Err(failed.error.into()),
        }
    }

    /// Forgets them.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed.
    pub fn forget(&self) -> Result<(), CredentialsError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}
