//! What `wit-bindgen` makes of `wit/`. The imports are made once; each world with an export uses
//! them, so that a guest exports what it asks for and nothing else.

pub mod imports {
    wit_bindgen::generate!({
        world: "imports",
        path: "wit",
        with: { "czo:module/types@0.1.0": crate::types },
        additional_derives: [Clone, PartialEq],
    });
}

macro_rules! exports {
    ($($module:ident: $world:literal, $macro:literal;)+) => { $(
        pub mod $module {
            wit_bindgen::generate!({
                world: $world,
                path: "wit",
                with: {
                    "czo:module/types@0.1.0": crate::types,
                    "czo:module/log@0.1.0": crate::bindings::imports::czo::module::log,
                    "czo:module/kv@0.1.0": crate::bindings::imports::czo::module::kv,
                    "czo:module/sql@0.1.0": crate::bindings::imports::czo::module::sql,
                    "czo:module/http@0.1.0": crate::bindings::imports::czo::module::http,
                    "czo:module/config@0.1.0": crate::bindings::imports::czo::module::config,
                    "czo:module/secrets@0.1.0": crate::bindings::imports::czo::module::secrets,
                    "czo:module/metrics@0.1.0": crate::bindings::imports::czo::module::metrics,
                    "czo:module/publisher@0.1.0": crate::bindings::imports::czo::module::publisher,
                    "czo:module/services@0.1.0": crate::bindings::imports::czo::module::services,
                    "czo:module/jobs@0.1.0": crate::bindings::imports::czo::module::jobs,
                    "czo:module/clock@0.1.0": crate::bindings::imports::czo::module::clock,
                    "czo:module/random@0.1.0": crate::bindings::imports::czo::module::random,
                },
                additional_derives: [Clone, PartialEq],
                pub_export_macro: true,
                export_macro_name: $macro,
            });
        }
    )+ };
}

exports! {
    lifecycle: "with-lifecycle", "export_lifecycle";
    event_handler: "with-event-handler", "export_event_handler";
    endpoint_handler: "with-endpoint-handler", "export_endpoint_handler";
    hook_handler: "with-hook-handler", "export_hook_handler";
    service_handler: "with-service-handler", "export_service_handler";
    job_handler: "with-job-handler", "export_job_handler";
}
