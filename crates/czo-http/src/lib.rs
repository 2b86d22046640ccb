#![doc = include_str!("../README.md")]

mod api;
mod context;
mod documentation;
mod health;
mod limits;
mod options;
mod problem;
mod server;

pub use aide;
pub use api::Api;
pub use axum;
pub use context::{Authenticator, AuthenticatorError, Ctx};
pub use health::HealthReport;
pub use limits::body_too_large;
pub use options::HttpOptions;
pub use problem::{Problem, status_of};
pub use server::Server;
