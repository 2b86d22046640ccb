//! Keeps events that break their schema from handlers.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, Classified, DomainEvent, ErrorKind, EventBus, EventCatalogue, EventHandler,
    EventType, Group, HandlerError, Health, Settlement, SubscribeOptions, Subscription,
    TopicPattern,
};
use jsonschema::{PatternOptions, Validator};
use thiserror::Error;

/// The longest reason that goes into the dead letters, in bytes.
const MAX_REASON: usize = 500;

/// An [`EventBus`] over another one, whose handlers see no event that breaks its schema
/// (requirement EVT 7).
///
/// **Promise.** Before a handler gets an event whose type and version are in the catalogue, its
/// data is checked against the JSON Schema. Data that breaks it is a permanent failure with the
/// reason and the path, so that the provider puts the event into the dead letters of the group
/// and goes on with the next; the handler does not hear of it. Events that the catalogue does not
/// know pass, as readers are tolerant; publishing checks nothing, since payloads are types.
///
/// **Limits.** The data is checked once for each group that gets the event. The reason names the
/// place and the rule and not the value, which may be long or hostile. `format` is not checked,
/// and a schema can't say everything that decoding demands: a handler still decodes.
///
/// All else is the promise of the bus below.
#[derive(Clone, Debug)]
pub struct SchemaGuard {
    bus: Arc<dyn EventBus>,
    schemas: Arc<Schemas>,
}

/// A schema of the catalogue can't be used.
#[derive(Debug, Error)]
#[error("the JSON Schema of `{event_type}` version {version} cannot be used: {reason}")]
pub struct SchemaError {
    event_type: EventType,
    version: NonZeroU32,
    reason: String,
}

impl Classified for SchemaError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Internal
    }
}

impl SchemaGuard {
    /// Puts a guard with the schemas of `catalogue` over `bus`. Each schema is compiled here, once.
    ///
    /// # Errors
    ///
    /// When a schema is none, or refers to something outside of itself.
    pub fn new(bus: Arc<dyn EventBus>, catalogue: &EventCatalogue) -> Result<Self, SchemaError> {
        Ok(Self { bus, schemas: Arc::new(Schemas::of(catalogue)?) })
    }
}

/// The compiled schemas.
#[derive(Debug, Default)]
struct Schemas {
    types: HashMap<EventType, BTreeMap<NonZeroU32, Validator>>,
}

impl Schemas {
    fn of(catalogue: &EventCatalogue) -> Result<Self, SchemaError> {
        let mut schemas = Self::default();
        for event in catalogue.iter() {
            // An engine that takes linear time: what is matched comes from outside.
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            let validator =
                options.build(event.schema.as_value()).map_err(|error| SchemaError {
                    event_type: event.event_type.clone(),
                    version: event.version,
                    reason: error.to_string(),
                })?;
            let versions = schemas.types.entry(event.event_type.clone()).or_default();
            versions.insert(event.version, validator);
        }
        Ok(schemas)
    }

    fn check(&self, event: &DomainEvent) -> Result<(), HandlerError> {
        let versions = self.types.get(&event.event_type);
        let Some(schema) = versions.and_then(|versions| versions.get(&event.version)) else {
            return Ok(());
        };
        if schema.is_valid(&event.data) {
            return Ok(());
        }
        metrics::counter!("czo_eventbus_invalid_total", "type" => event.event_type.to_string())
            .increment(1);
        Err(HandlerError::permanent(reason(schema, event)))
    }
}

/// What is wrong with the data of an event, and where.
fn reason(schema: &Validator, event: &DomainEvent) -> String {
    let DomainEvent { event_type, version, .. } = event;
    let mut reason = format!("the data breaks the schema of `{event_type}` version {version}");
    if let Err(error) = schema.validate(&event.data) {
        let path = error.instance_path().to_string();
        let place = if path.is_empty() { "its root" } else { path.as_str() };
        reason.push_str(&format!(" at {place}: {}", error.masked_with("the value")));
    }
    // Paths and names of properties come from outside too.
    reason.truncate(reason.floor_char_boundary(MAX_REASON));
    reason
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventBus for SchemaGuard {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.bus.publish(event).await
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        self.bus.publish_batch(events).await
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        self.bus.relay(event, audience).await
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        let guarded = Arc::new(Guarded { handler, schemas: self.schemas.clone() });
        self.bus.subscribe(pattern, group, guarded, options).await
    }

    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        self.bus.shutdown(deadline).await
    }

    async fn health(&self) -> Health {
        self.bus.health().await
    }
}

/// A handler behind the guard.
struct Guarded {
    handler: Arc<dyn EventHandler>,
    schemas: Arc<Schemas>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventHandler for Guarded {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        self.schemas.check(&event)?;
        self.handler.handle(event).await
    }
}
