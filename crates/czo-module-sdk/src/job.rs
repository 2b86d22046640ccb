//! Work done later.

use serde::de::DeserializeOwned;

use crate::bindings::job_handler::exports::czo::module::job_handler::Guest;
use crate::types::Failure;
use crate::{json, panic};

/// A job that is to be done now.
#[doc(inline)]
pub use crate::bindings::job_handler::exports::czo::module::job_handler::Job;

/// Does the `jobs` of the manifest.
pub trait JobHandler {
    /// Does one job. It may be done more than once: [`Failure::Retry`] asks for it, and a server
    /// that stops in its midst has the same effect.
    fn run(job: Job) -> Result<(), Failure>;
}

impl Job {
    /// What it was enqueued with, as a type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::given(&format!("job {}", self.name), &self.data)
    }
}

impl<T: JobHandler> Guest for T {
    fn run(job: Job) -> Result<(), Failure> {
        panic::to_log();
        <T as JobHandler>::run(job)
    }
}
