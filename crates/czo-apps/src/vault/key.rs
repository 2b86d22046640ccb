//! What a vault encrypts with.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::VaultError;

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// A key of a [`Vault`](super::Vault): 32 bytes, in base64 as text. It is wiped from memory when it
/// is dropped, and `Debug` shows its id only.
///
/// ```
/// use czo_apps::VaultKey;
/// use secrecy::ExposeSecret;
///
/// let key = VaultKey::generate()?;
/// let again: VaultKey = key.expose().expose_secret().parse()?;
/// assert_eq!(again.id(), key.id());
/// # Ok::<(), czo_apps::VaultError>(())
/// ```
#[derive(Clone)]
pub struct VaultKey {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    id: VaultKeyId,
}

impl VaultKey {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`], when the system gives no random numbers.
    pub fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Random)?;
        Ok(Self::new(bytes))
    }

    fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let digest = Sha256::new().chain_update(b"czo vault key\0").chain_update(*bytes).finalize();
        let mut id = [0; VaultKeyId::LEN];
        id.copy_from_slice(&digest[..VaultKeyId::LEN]);
        Self { bytes, id: VaultKeyId(id) }
    }

    /// Tells it from others, and is no secret.
    #[must_use]
    pub fn id(&self) -> VaultKeyId {
        self.id
    }

    /// The text form, for keeping it.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        STANDARD.encode(self.bytes.as_slice()).into()
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.bytes
    }
}

impl FromStr for VaultKey {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // What is much longer is none, and is not decoded.
        let decoded = (text.len() <= 64).then(|| STANDARD.decode(text).ok()).flatten();
        let decoded = decoded.map(Zeroizing::new).ok_or(VaultError::KeyText)?;
        let bytes = <[u8; KEY_LEN]>::try_from(decoded.as_slice()).map(Zeroizing::new);
        bytes.map(Self::new).map_err(|_| VaultError::KeyText)
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({})", self.id)
    }
}

/// Tells a [`VaultKey`] from others: the beginning of a hash of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultKeyId([u8; Self::LEN]);

impl VaultKeyId {
    pub(super) const LEN: usize = 8;

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for VaultKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for VaultKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
