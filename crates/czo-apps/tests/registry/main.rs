//! What the registry of apps promises, on both databases and with a real app on the other side.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod app_server;
mod config;
mod crash;
mod handshake;
mod http_transport;
mod install;
mod logs;
mod permissions;
mod secrets;
mod sessions;
mod standing;
mod tokens;
mod topics;
mod update;
mod vault;
mod world;
