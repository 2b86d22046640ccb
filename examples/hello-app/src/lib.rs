#![doc = include_str!("../README.md")]

mod credentials;
mod czo;
mod handshake;
mod inbox;
mod manifest;
mod server;
mod signature;
mod webhook;

pub use credentials::{Credentials, CredentialsError, Vault};
pub use czo::{Czo, CzoError, Product, Settings};
pub use inbox::{Delivery, Inbox};
pub use manifest::manifest;
pub use server::{App, router};
