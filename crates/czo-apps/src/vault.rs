//! What is kept encrypted at rest.

mod error;
mod key;

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::error::VaultError;
pub use self::key::{VaultKey, VaultKeyId};

/// What a sealed value begins with: how it is sealed.
const FORMAT: u8 = 1;
/// Bytes of the nonce. At random there are enough of them (2^192) that none comes twice.
const NONCE_LEN: usize = 24;
/// Bytes before the ciphertext.
const HEAD_LEN: usize = 1 + VaultKeyId::LEN + NONCE_LEN;
/// Bytes that tell whether anything was changed.
const TAG_LEN: usize = 16;

/// Where a sealed value is kept. It opens there and nowhere else: whoever can write into the
/// database can't make the secret of one app that of another by copying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultPlace {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The id of the row.
    pub row: Uuid,
}

/// Encrypts what is kept in the database, by XChaCha20-Poly1305.
///
/// **Promise.** What was sealed opens only at its [place](VaultPlace), unchanged, and with the key
/// that sealed it; anything else is an error. Neither keys nor values are in any `Debug` or error,
/// and what is opened is wiped when it is dropped.
///
/// **Keys.** The first one seals, all open. To replace a key, put a new one before it, and leave the
/// old one until nothing is sealed with it any more: until
/// [`AppRegistry::reseal`](crate::AppRegistry::reseal) has gone through. A sealed value names its key, so one that is
/// missing is told from a value that is damaged.
///
/// **Limits.** It hides neither how long a value is nor that it has changed, and whoever can write
/// into the database can put back what was there before.
///
/// ```
/// use czo_apps::{Vault, VaultKey, VaultPlace};
///
/// let vault = Vault::new([VaultKey::generate()?])?;
/// let place = VaultPlace { table: "app_secret", column: "sealed", row: uuid::Uuid::now_v7() };
/// let sealed = vault.seal(place, b"whsec_...")?;
/// assert_eq!(*vault.open(place, &sealed)?, b"whsec_...");
/// assert!(vault.open(VaultPlace { column: "config", ..place }, &sealed).is_err());
/// # Ok::<(), czo_apps::VaultError>(())
/// ```
#[derive(Clone)]
pub struct Vault {
    /// At least one, the newest first.
    keys: Vec<VaultKey>,
}

impl Vault {
    /// A vault with these keys, the newest first.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`].
    pub fn new(keys: impl IntoIterator<Item = VaultKey>) -> Result<Self, VaultError> {
        let keys: Vec<_> = keys.into_iter().collect();
        if keys.is_empty() { Err(VaultError::NoKey) } else { Ok(Self { keys }) }
    }

    /// Encrypts `value` for `place`.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`], when the system gives no random numbers.
    pub fn seal(&self, place: VaultPlace, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.keys.first().ok_or(VaultError::NoKey)?;
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Random)?;
        let mut sealed = Vec::with_capacity(HEAD_LEN + value.len() + TAG_LEN);
        sealed.push(FORMAT);
        sealed.extend_from_slice(key.id().as_bytes());
        sealed.extend_from_slice(&nonce);
        let aad = associated(place, &sealed);
        let payload = Payload { msg: value, aad: &aad };
        // It fails for values of more than 256 GiB only.
        let encrypted = cipher(key).encrypt(&XNonce::from(nonce), payload);
        sealed.extend_from_slice(&encrypted.map_err(|_| VaultError::Damaged { place })?);
        Ok(sealed)
    }

    /// Decrypts what was sealed for `place`.
    ///
    /// # Errors
    ///
    /// [`VaultError::UnknownKey`] when it was sealed with a key that the vault does not have, and
    /// [`VaultError::Damaged`] when it is not what was sealed, or was sealed for another place.
    pub fn open(&self, place: VaultPlace, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let damaged = || VaultError::Damaged { place };
        let (head, encrypted) = sealed.split_at_checked(HEAD_LEN).ok_or_else(damaged)?;
        let (id, nonce) = match head {
            [FORMAT, rest @ ..] => rest.split_at(VaultKeyId::LEN),
            _ => return Err(damaged()),
        };
        let id = VaultKeyId::from_slice(id).ok_or_else(damaged)?;
        let nonce = <[u8; NONCE_LEN]>::try_from(nonce).map_err(|_| damaged())?;
        let Some(key) = self.keys.iter().find(|key| key.id() == id) else {
            let known = self.keys.iter().map(VaultKey::id).collect();
            return Err(VaultError::UnknownKey { place, key: id, known });
        };
        let aad = associated(place, head);
        let payload = Payload { msg: encrypted, aad: &aad };
        let opened = cipher(key).decrypt(&XNonce::from(nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| damaged())
    }

    /// Seals a value with the newest key if it is sealed with an older one.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) and [`seal`](Self::seal).
    pub fn reseal(&self, place: VaultPlace, sealed: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        self.seal(place, &self.open(place, sealed)?).map(Some)
    }

    /// Whether a value is sealed with the newest key, so that older ones are not needed for it.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(1..=VaultKeyId::LEN).and_then(VaultKeyId::from_slice);
        self.keys.first().is_some_and(|key| Some(key.id()) == id)
    }
}

fn cipher(key: &VaultKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// What a value is bound to, beside its key: how it is sealed, and where it is. Names have no zero
/// byte, so no two places are written the same.
fn associated(place: VaultPlace, head: &[u8]) -> Vec<u8> {
    let mut aad = head.to_vec();
    for name in [place.table, place.column] {
        aad.extend_from_slice(name.as_bytes());
        aad.push(0);
    }
    aad.extend_from_slice(place.row.as_bytes());
    aad
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys).finish()
    }
}
