//! A request to a module, and its answer.

use czo_core::RequestContext;
use czo_module_package::ModuleName;

/// A request to `/api/modules/<name>/...`.
#[derive(Clone, Debug)]
pub struct EndpointCall {
    /// Whose endpoint.
    pub module: ModuleName,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path below `/api/modules/<name>`, as it was asked: `/points/cust_1`.
    pub path: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The headers. What the module must not see is taken out here.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Who asks, and for which shop.
    pub context: RequestContext,
}

/// What a module answered. Headers that belong to the connection or would set cookies are taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointAnswer {
    /// The status, 200 to 599.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}
