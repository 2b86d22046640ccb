//! How a module says which handlers it has.

/// Exports the handlers that a type implements; once in a module.
///
/// ```no_run
/// use czo_module_sdk::prelude::*;
///
/// struct Greeter;
///
/// impl EndpointHandler for Greeter {
///     fn handle(request: Request) -> Result<Response, Failure> {
///         Ok(Response::text(200, format!("Hello, {}", request.param("name")?)))
///     }
/// }
///
/// czo_module_sdk::export!(Greeter: EndpointHandler);
/// ```
#[macro_export]
macro_rules! export {
    ($module:ident: $($handler:ident),+ $(,)?) => {
        $( $crate::export!(@ $module $handler); )+
    };
    (@ $module:ident Lifecycle) => {
        $crate::bindings::lifecycle::export_lifecycle!(
            $module with_types_in $crate::bindings::lifecycle);
    };
    (@ $module:ident EventHandler) => {
        $crate::bindings::event_handler::export_event_handler!(
            $module with_types_in $crate::bindings::event_handler);
    };
    (@ $module:ident EndpointHandler) => {
        $crate::bindings::endpoint_handler::export_endpoint_handler!(
            $module with_types_in $crate::bindings::endpoint_handler);
    };
    (@ $module:ident HookHandler) => {
        $crate::bindings::hook_handler::export_hook_handler!(
            $module with_types_in $crate::bindings::hook_handler);
    };
    (@ $module:ident ServiceHandler) => {
        $crate::bindings::service_handler::export_service_handler!(
            $module with_types_in $crate::bindings::service_handler);
    };
    (@ $module:ident JobHandler) => {
        $crate::bindings::job_handler::export_job_handler!(
            $module with_types_in $crate::bindings::job_handler);
    };
}
