//! What a module is called with, and what it answers.

use std::time::Duration;

use czo_core::RequestContext;
use czo_module_package::Phase;

/// Why a version begins to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was enabled.
    Enabled,
    /// It replaces an older version.
    Updated,
    /// It replaces itself, built anew.
    Reloaded,
    /// The server started, or a kept instance had to be made anew.
    Restarted,
    /// It replaces a newer version.
    RolledBack,
}

/// What one version hands to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState {
    /// How `data` is to be read.
    pub schema: String,
    /// What the version knew.
    pub data: Vec<u8>,
}

/// A request to an endpoint of a module.
#[derive(Clone, Debug)]
pub struct EndpointRequest {
    /// The name of the endpoint in the manifest.
    pub endpoint: String,
    /// The method.
    pub method: String,
    /// The path below `/api/modules/<name>`, as it was asked.
    pub path: String,
    /// What stood in the places of the path, by name.
    pub params: Vec<(String, String)>,
    /// The query.
    pub query: Vec<(String, String)>,
    /// The headers that the module may see.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Who asks, and for which shop.
    pub context: RequestContext,
}

/// What a module answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointResponse {
    /// The status, as the module gave it: 0 to 65,535.
    pub status: u16,
    /// The headers, as the module gave them.
    pub headers: Vec<(String, String)>,
    /// The body. A call whose answer is longer than 16 MiB in all breaks.
    pub body: Vec<u8>,
}

/// A place in an operation of a domain.
#[derive(Clone, Debug)]
pub struct HookCall {
    /// The name of the point.
    pub point: String,
    /// When.
    pub phase: Phase,
    /// For whom the operation is done.
    pub context: RequestContext,
    /// The input, the result or the error, as JSON.
    pub value: String,
    /// How long the operation waits; never longer than the module's own limit.
    pub timeout: Duration,
}

/// What a module says to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookAnswer {
    /// Go on.
    Unchanged,
    /// Go on with this, as JSON. It is the module's text: nothing looked at it.
    Changed(String),
    /// Do not.
    Refused {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
}

/// A call of a service that a module offers.
#[derive(Clone, Debug)]
pub struct ServiceCall {
    /// The name of the service in the manifest.
    pub service: String,
    /// The name of the method.
    pub method: String,
    /// The arguments, as JSON.
    pub arguments: String,
    /// Who asks, and for which shop.
    pub context: RequestContext,
}

/// A job of a module that is due.
#[derive(Clone, Debug)]
pub struct JobRun {
    /// The name of the job in the manifest.
    pub job: String,
    /// 1 at first.
    pub attempt: u32,
    /// What it is about, as JSON.
    pub data: String,
    /// For which shop.
    pub context: RequestContext,
}
