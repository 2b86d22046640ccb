//! What a component imports: checked against its grants and limits, then handed to the traits of
//! [`ModuleHost`](crate::ModuleHost).

mod ambient;
mod data;
mod http;
mod log;
mod metrics;
mod outlets;
mod url_rule;

use crate::HostError;
use crate::bindings::czo::module::types;
use crate::sandbox::CallState;

impl types::Host for CallState {}

impl From<HostError> for types::HostError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Denied(text) => Self::Denied(text),
            HostError::Invalid(text) => Self::Invalid(text),
            HostError::Limit(text) => Self::Limit(text),
            HostError::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

/// What an import answers: an error is the module's to deal with, and no trap.
type Answer<T> = wasmtime::Result<Result<T, types::HostError>>;

/// The answer of a trait of the host.
fn answer<T>(answer: Result<T, HostError>) -> Answer<T> {
    Ok(answer.map_err(types::HostError::from))
}

fn denied<T>(text: String) -> Answer<T> {
    Ok(Err(types::HostError::Denied(text)))
}

fn invalid<T>(text: impl Into<String>) -> Answer<T> {
    Ok(Err(types::HostError::Invalid(text.into())))
}

fn limit<T>(text: String) -> Answer<T> {
    Ok(Err(types::HostError::Limit(text)))
}
