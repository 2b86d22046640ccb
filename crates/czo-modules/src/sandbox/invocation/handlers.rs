//! What a module handles: events, requests, hooks, calls of services, jobs.

use std::time::Duration;

use czo_core::{DomainEvent, RequestContext};
use czo_module_package::Phase;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::{Ended, Invocation};
use crate::bindings::exports::czo::module::{
    endpoint_handler, event_handler, hook_handler, job_handler,
};
use crate::sandbox::CallState;
use crate::sandbox::exports::{Export, Handlers};
use crate::{
    EndpointRequest, EndpointResponse, HookAnswer, HookCall, JobRun, ModuleFailure, ServiceCall,
};

/// `event-handler.handle`.
pub(in crate::sandbox) struct EventCall {
    event: event_handler::Event,
    context: RequestContext,
}

impl EventCall {
    pub(in crate::sandbox) fn new(event: &DomainEvent) -> Self {
        let handed = event_handler::Event {
            id: event.id.to_string(),
            event_type: event.event_type.to_string(),
            version: event.version.get(),
            source: event.source.clone(),
            // The envelope does not carry it; whoever orders by it did before.
            key: None,
            time: u64::try_from(event.timestamp.timestamp_millis()).unwrap_or_default(),
            correlation_id: event.correlation_id.to_string(),
            shop: event.metadata.shop_id.map(|shop| shop.to_string()),
            data: event.data.to_string(),
        };
        Self { event: handed, context: event.context() }
    }
}

impl Invocation for EventCall {
    type Answer = ();
    const EXPORT: Export = Export::EventHandler;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<()> {
        let guest = handlers.event()?.load(&mut *store, instance)?;
        let answer = guest.call_handle(store, &self.event).await?;
        Ok(answer.map_err(ModuleFailure::from))
    }
}

impl Invocation for EndpointRequest {
    type Answer = EndpointResponse;
    const EXPORT: Export = Export::EndpointHandler;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<EndpointResponse> {
        let guest = handlers.endpoint()?.load(&mut *store, instance)?;
        let request = endpoint_handler::Request {
            endpoint: self.endpoint,
            method: self.method,
            path: self.path,
            params: self.params,
            query: self.query,
            headers: self.headers,
            body: self.body,
            context: (&self.context).into(),
        };
        let answer = guest.call_handle(store, &request).await?;
        Ok(answer.map_err(ModuleFailure::from).map(|response| EndpointResponse {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }))
    }
}

impl Invocation for HookCall {
    type Answer = HookAnswer;
    const EXPORT: Export = Export::HookHandler;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<HookAnswer> {
        let guest = handlers.hook()?.load(&mut *store, instance)?;
        let call = hook_handler::HookCall {
            point: self.point,
            phase: match self.phase {
                Phase::Before => hook_handler::Phase::Before,
                Phase::After => hook_handler::Phase::After,
                Phase::OnError => hook_handler::Phase::OnError,
            },
            context: (&self.context).into(),
            value: self.value,
        };
        let answer = guest.call_run(store, &call).await?;
        Ok(answer.map_err(ModuleFailure::Broken).map(|answer| match answer {
            hook_handler::Answer::Unchanged => HookAnswer::Unchanged,
            hook_handler::Answer::Changed(value) => HookAnswer::Changed(value),
            hook_handler::Answer::Refused(refusal) => {
                HookAnswer::Refused { code: refusal.code, message: refusal.message }
            }
        }))
    }
}

impl Invocation for ServiceCall {
    type Answer = String;
    const EXPORT: Export = Export::ServiceHandler;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<String> {
        let guest = handlers.service()?.load(&mut *store, instance)?;
        let context = (&self.context).into();
        let answer =
            guest.call_call(store, &self.service, &self.method, &self.arguments, &context).await?;
        Ok(answer.map_err(ModuleFailure::from))
    }
}

impl Invocation for JobRun {
    type Answer = ();
    const EXPORT: Export = Export::JobHandler;

    fn context(&self) -> RequestContext {
        self.context.clone()
    }

    async fn run(
        self,
        handlers: &Handlers,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> Ended<()> {
        let guest = handlers.job()?.load(&mut *store, instance)?;
        let job = job_handler::Job {
            name: self.job,
            attempt: self.attempt,
            data: self.data,
            context: (&self.context).into(),
        };
        let answer = guest.call_run(store, &job).await?;
        Ok(answer.map_err(ModuleFailure::from))
    }
}
