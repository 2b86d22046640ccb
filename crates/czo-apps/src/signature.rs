//! Signed messages, by Standard Webhooks 1.0.0 (requirement APP 5).

mod error;
mod headers;
mod jwks;
mod key;
mod message_id;
mod scheme;
mod secret;
mod signer;
mod verifier;

pub use self::error::{SecretError, SignatureError};
pub use self::headers::{ReceivedHeaders, SignatureHeaders, header};
pub use self::jwks::{Jwk, Jwks};
pub use self::key::{PublicKey, SigningKey};
pub use self::message_id::MessageId;
pub use self::secret::SigningSecret;
pub use self::signer::{Signer, SignerKey};
pub use self::verifier::{Verified, Verifier, VerifierKey};
