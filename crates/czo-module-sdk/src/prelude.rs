//! What a module needs nearly always: `use czo_module_sdk::prelude::*;`.

pub use crate::{
    Answer, Cause, Context, EndpointHandler, Event, EventHandler, Failure, HookCall, HookHandler,
    HostError, Job, JobHandler, Lifecycle, Phase, Request, Response, SavedState, ServiceCall,
    ServiceHandler,
};
pub use crate::{
    clock, config, http, jobs, kv, log, metrics, publisher, random, secrets, services, sql,
};
