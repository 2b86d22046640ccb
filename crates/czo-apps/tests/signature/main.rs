//! What is signed is verified, here and by others, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod foreign;
mod jwks;
mod keys;
mod libraries;
mod oracle;
mod refused;
mod rotation;
mod vectors;
