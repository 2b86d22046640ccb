//! What a component exports.

use czo_module_package::ModuleManifest;
use wasmtime::component::InstancePre;

use super::state::CallState;
use crate::LinkError;
use crate::bindings::exports::czo::module::{
    endpoint_handler, event_handler, hook_handler, job_handler, lifecycle, service_handler,
};

/// An interface that a component may export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Export {
    /// What runs when the version begins and ends to serve.
    Lifecycle,
    /// Events of the bus.
    EventHandler,
    /// Requests.
    EndpointHandler,
    /// Places in operations of domains.
    HookHandler,
    /// What others call by name.
    ServiceHandler,
    /// Work done later.
    JobHandler,
}

impl Export {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Lifecycle,
        Self::EventHandler,
        Self::EndpointHandler,
        Self::HookHandler,
        Self::ServiceHandler,
        Self::JobHandler,
    ];

    /// The name of the interface.
    #[must_use]
    pub const fn interface(self) -> &'static str {
        match self {
            Self::Lifecycle => "czo:module/lifecycle@0.1.0",
            Self::EventHandler => "czo:module/event-handler@0.1.0",
            Self::EndpointHandler => "czo:module/endpoint-handler@0.1.0",
            Self::HookHandler => "czo:module/hook-handler@0.1.0",
            Self::ServiceHandler => "czo:module/service-handler@0.1.0",
            Self::JobHandler => "czo:module/job-handler@0.1.0",
        }
    }

    /// The field of the manifest that speaks of it, where it does.
    fn wanted_by(self, manifest: &ModuleManifest) -> Option<&'static str> {
        let (field, is_there) = match self {
            Self::Lifecycle => return None,
            Self::EventHandler => ("subscriptions", !manifest.subscriptions.is_empty()),
            Self::EndpointHandler => ("endpoints", !manifest.endpoints.is_empty()),
            Self::HookHandler => ("hooks", !manifest.hooks.is_empty()),
            Self::ServiceHandler => ("services", !manifest.services.is_empty()),
            Self::JobHandler => ("jobs", !manifest.jobs.is_empty()),
        };
        is_there.then_some(field)
    }
}

/// Where the exports of a component are.
pub(super) struct Handlers {
    lifecycle: Option<lifecycle::GuestIndices>,
    event: Option<event_handler::GuestIndices>,
    endpoint: Option<endpoint_handler::GuestIndices>,
    hook: Option<hook_handler::GuestIndices>,
    service: Option<service_handler::GuestIndices>,
    job: Option<job_handler::GuestIndices>,
}

impl Handlers {
    /// The exports of the component, which has all that the manifest speaks of.
    pub(super) fn of(
        instances: &InstancePre<CallState>,
        manifest: &ModuleManifest,
    ) -> Result<Self, LinkError> {
        for export in Export::ALL {
            if let Some(field) = export.wanted_by(manifest)
                && !is_exported(instances, export)
            {
                return Err(LinkError::MissingExport { field, interface: export.interface() });
            }
        }
        Ok(Self {
            lifecycle: find(instances, Export::Lifecycle, lifecycle::GuestIndices::new)?,
            event: find(instances, Export::EventHandler, event_handler::GuestIndices::new)?,
            endpoint: find(
                instances,
                Export::EndpointHandler,
                endpoint_handler::GuestIndices::new,
            )?,
            hook: find(instances, Export::HookHandler, hook_handler::GuestIndices::new)?,
            service: find(instances, Export::ServiceHandler, service_handler::GuestIndices::new)?,
            job: find(instances, Export::JobHandler, job_handler::GuestIndices::new)?,
        })
    }

    pub(super) fn has(&self, export: Export) -> bool {
        match export {
            Export::Lifecycle => self.lifecycle.is_some(),
            Export::EventHandler => self.event.is_some(),
            Export::EndpointHandler => self.endpoint.is_some(),
            Export::HookHandler => self.hook.is_some(),
            Export::ServiceHandler => self.service.is_some(),
            Export::JobHandler => self.job.is_some(),
        }
    }

    pub(super) fn lifecycle(&self) -> wasmtime::Result<&lifecycle::GuestIndices> {
        present(self.lifecycle.as_ref(), Export::Lifecycle)
    }

    pub(super) fn event(&self) -> wasmtime::Result<&event_handler::GuestIndices> {
        present(self.event.as_ref(), Export::EventHandler)
    }

    pub(super) fn endpoint(&self) -> wasmtime::Result<&endpoint_handler::GuestIndices> {
        present(self.endpoint.as_ref(), Export::EndpointHandler)
    }

    pub(super) fn hook(&self) -> wasmtime::Result<&hook_handler::GuestIndices> {
        present(self.hook.as_ref(), Export::HookHandler)
    }

    pub(super) fn service(&self) -> wasmtime::Result<&service_handler::GuestIndices> {
        present(self.service.as_ref(), Export::ServiceHandler)
    }

    pub(super) fn job(&self) -> wasmtime::Result<&job_handler::GuestIndices> {
        present(self.job.as_ref(), Export::JobHandler)
    }
}

fn is_exported(instances: &InstancePre<CallState>, export: Export) -> bool {
    instances.component().get_export_index(None, export.interface()).is_some()
}

fn find<G>(
    instances: &InstancePre<CallState>,
    export: Export,
    look_up: impl FnOnce(&InstancePre<CallState>) -> wasmtime::Result<G>,
) -> Result<Option<G>, LinkError> {
    if !is_exported(instances, export) {
        return Ok(None);
    }
    let mismatch = |error| LinkError::Mismatch { reason: format!("{error:#}") };
    look_up(instances).map(Some).map_err(mismatch)
}

fn present<G>(handler: Option<&G>, export: Export) -> wasmtime::Result<&G> {
    handler.ok_or_else(|| wasmtime::format_err!("`{}` is not exported", export.interface()))
}
