#![doc = include_str!("../README.md")]

mod signature;

pub use signature::{
    Jwk, Jwks, MessageId, PublicKey, ReceivedHeaders, SecretError, SignatureError,
    SignatureHeaders, Signer, SignerKey, SigningKey, SigningSecret, Verified, Verifier,
    VerifierKey, header,
};
