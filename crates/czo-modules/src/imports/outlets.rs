//! What a module says to others: events, calls of services, jobs.

use std::time::Duration;

use super::{Answer, answer, denied};
use crate::bindings::czo::module::{jobs, publisher, services};
use crate::sandbox::CallState;

impl publisher::Host for CallState {
    async fn publish(
        &mut self,
        event_type: String,
        key: Option<String>,
        data: String,
    ) -> Answer<String> {
        if !self.confines.permissions.events.contains(&event_type) {
            return denied(format!("add \"{event_type}\" to `permissions.events`"));
        }
        answer(self.confines.host.events.publish(&self.scope, &event_type, key, data).await)
    }
}

impl services::Host for CallState {
    async fn call(&mut self, service: String, method: String, arguments: String) -> Answer<String> {
        if !self.confines.permissions.services.contains(&service) {
            return denied(format!("add \"{service}\" to `permissions.services`"));
        }
        answer(self.confines.host.services.call(&self.scope, &service, &method, arguments).await)
    }
}

impl jobs::Host for CallState {
    async fn enqueue(&mut self, name: String, data: String, delay_seconds: u32) -> Answer<String> {
        if !self.confines.jobs.contains(&name) {
            return denied(format!("the manifest has no job \"{name}\": add it to `jobs`"));
        }
        let delay = Duration::from_secs(delay_seconds.into());
        answer(self.confines.host.jobs.enqueue(&self.scope, &name, data, delay).await)
    }
}
