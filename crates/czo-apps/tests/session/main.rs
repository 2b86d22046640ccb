//! What session tokens and the headers of frames promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;
mod frames;
mod refused;
mod vectors;
