//! The part of the HTTP API that modules have: `/api/modules/<name>/...` (requirement MOD 9).

mod call;
mod error;
mod headers;
mod openapi;
mod rate;
mod routes;
mod serve;

pub use self::call::{EndpointAnswer, EndpointCall};
pub use self::error::EndpointError;
pub(crate) use self::openapi::paths;
pub(crate) use self::rate::RateLimits;
pub(crate) use self::routes::Routes;
pub(crate) use self::serve::Endpoints;
