//! The app as czo has it: over HTTP, with messages that czo's own signer has signed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deliveries;
mod handshake;
mod house;
mod manifest;
mod products;
mod registry;
