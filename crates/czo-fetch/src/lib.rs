#![doc = include_str!("../README.md")]

mod address;
mod allowed_host;
mod connector;
mod error;
mod fetcher;
mod outgoing;
mod stream;

pub use address::is_public;
pub use allowed_host::{AllowedHost, AllowedHostError};
pub use error::FetchError;
pub use fetcher::{FetchOptions, Fetched, Fetcher};
pub use hyper::http::{HeaderMap, HeaderName, HeaderValue, Method};
pub use outgoing::{Answer, Outgoing, Timings};
