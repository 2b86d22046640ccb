//! The AsyncAPI 3 document of a program's events (requirement EVT 12).

use std::collections::BTreeSet;

use czo_core::{
    ActorId, Event, EventDescriptor, EventType, SYSTEM_PRODUCER, ShopId, ShutdownStarted,
};
use schemars::JsonSchema;
use schemars::transform::{
    RemoveRefSiblings, ReplacePrefixItems, ReplaceUnevaluatedProperties, Transform,
};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{EventConsumer, EventTopology};

/// The name of the envelope's schema.
const ENVELOPE: &str = "envelope";

impl EventTopology {
    /// The AsyncAPI 3.0.0 document: a channel for each type, a message for each version, an
    /// operation for each producer and consumer of a type. Of the system's events, only
    /// `system.shutdown.started` has a producer: nothing in the kit publishes the others.
    ///
    /// Data schemas stand in `components`, where references can reach them, with the words that
    /// AsyncAPI's dialect (draft 7) has for what they say.
    #[must_use]
    pub fn asyncapi(&self, title: &str, version: &str) -> Value {
        let mut components = Components::default();
        components.schemas.insert(ENVELOPE.to_owned(), envelope());
        self.catalogue.iter().for_each(|event| components.add(event));
        json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": title,
                "version": version,
                "description": "Events are delivered at least once: handlers are idempotent by `id`. Readers tolerate fields that they don't know, and read older versions of `data` too.",
            },
            "defaultContentType": "application/json",
            "channels": self.channels(),
            "operations": self.operations(),
            "components": { "messages": components.messages, "schemas": components.schemas },
        })
    }

    fn types(&self) -> BTreeSet<&EventType> {
        self.catalogue.iter().map(|event| &event.event_type).collect()
    }

    fn channels(&self) -> Map<String, Value> {
        let channel = |event_type: &EventType| {
            let versions = self.catalogue.iter().filter(|event| event.event_type == *event_type);
            let messages: Map<_, _> = versions
                .map(|event| {
                    let message = format!("#/components/messages/{}", name_of(event));
                    (format!("v{}", event.version), json!({ "$ref": message }))
                })
                .collect();
            let summary = self.catalogue.latest(event_type).and_then(|event| event.summary.clone());
            let mut channel = json!({ "address": event_type.as_str(), "messages": messages });
            if let Some(summary) = summary {
                channel["summary"] = summary.into();
            }
            (event_type.to_string(), channel)
        };
        self.types().into_iter().map(channel).collect()
    }

    fn operations(&self) -> Map<String, Value> {
        let newest = self.types().into_iter().filter_map(|known| self.catalogue.latest(known));
        let sends = newest.filter(|event| is_sent(event)).map(send);
        let receives = self.consumers.iter().flat_map(|consumer| {
            self.matching(consumer).map(|event_type| receive(consumer, event_type))
        });
        sends.chain(receives).collect()
    }
}

/// Whether this program publishes the event. Of those of the system, the runtime publishes one;
/// the others are there for programs that have a use for them.
fn is_sent(event: &EventDescriptor) -> bool {
    let is_ours = event.producer != SYSTEM_PRODUCER || event.event_type == ShutdownStarted::TYPE;
    is_ours && !event.external
}

/// A producer sends the newest version alone.
fn send(event: &EventDescriptor) -> (String, Value) {
    let channel = format!("#/channels/{}", event.event_type);
    let message = format!("{channel}/messages/v{}", event.version);
    let operation = json!({
        "action": "send",
        "channel": { "$ref": channel },
        "messages": [{ "$ref": message }],
        "tags": [{ "name": event.producer }],
    });
    (format!("{}.sends.{}", event.producer, event.event_type), operation)
}

/// A consumer receives every version.
fn receive(consumer: &EventConsumer, event_type: &EventType) -> (String, Value) {
    let EventConsumer { pattern, group, consumer, retry_seconds } = consumer;
    let operation = json!({
        "action": "receive",
        "channel": { "$ref": format!("#/channels/{event_type}") },
        "description": "An event that the group cannot handle goes to its dead letters, at once or after the retry delays.",
        "tags": [{ "name": consumer }],
        "x-czo-group": group.as_str(),
        "x-czo-pattern": pattern.as_str(),
        "x-czo-retry-seconds": retry_seconds,
        "x-czo-dead-letters": group.as_str(),
    });
    (format!("{group}.receives.{event_type}"), operation)
}

/// What the document refers to.
#[derive(Default)]
struct Components {
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Components {
    fn add(&mut self, event: &EventDescriptor) {
        let name = name_of(event);
        self.add_schema(&name, &event.schema);
        let exactly = json!({
            "type": "object",
            "properties": {
                "type": { "const": event.event_type.as_str() },
                "version": { "const": event.version },
                "data": { "$ref": format!("#/components/schemas/{name}") },
            },
        });
        let envelope = json!({ "$ref": format!("#/components/schemas/{ENVELOPE}") });
        let mut message = json!({
            "name": name,
            "title": format!("{} version {}", event.event_type, event.version),
            "contentType": "application/json",
            "correlationId": { "location": "$message.payload#/correlationId" },
            "payload": { "allOf": [envelope, exactly] },
        });
        if let Some(summary) = &event.summary {
            message["summary"] = summary.clone().into();
        }
        self.messages.insert(name, message);
    }

    /// Adds a schema and its definitions, which would not be found inside of it any more.
    fn add_schema(&mut self, name: &str, schema: &Schema) {
        let mut schema = schema.clone();
        ReplaceUnevaluatedProperties::default().transform(&mut schema);
        ReplacePrefixItems::default().transform(&mut schema);
        // Draft 7 ignores what stands beside a reference.
        RemoveRefSiblings::default().transform(&mut schema);
        let mut schema = Value::from(schema);
        refer_to_components(&mut schema, name);
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            if let Some(Value::Object(definitions)) = object.remove("$defs") {
                let named = |(inner, schema): (String, Value)| (component(name, &inner), schema);
                self.schemas.extend(definitions.into_iter().map(named));
            }
        }
        self.schemas.insert(name.to_owned(), schema);
    }
}

/// `product.item.created.v1`
fn name_of(event: &EventDescriptor) -> String {
    format!("{}.v{}", event.event_type, event.version)
}

/// The name of a definition inside the schema `of`, with only what AsyncAPI has in names.
fn component(of: &str, definition: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let definition: String = definition.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    format!("{of}.{definition}")
}

/// Lets references to `#/$defs/…` lead to where the definitions of the schema `of` will be.
fn refer_to_components(schema: &mut Value, of: &str) {
    match schema {
        Value::Object(words) => {
            for (word, value) in words {
                match value {
                    Value::String(target) if word == "$ref" => {
                        if let Some(definition) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/components/schemas/{}", component(of, definition));
                        } else if target == "#" {
                            *target = format!("#/components/schemas/{of}");
                        }
                    }
                    value => refer_to_components(value, of),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| refer_to_components(value, of)),
        _ => {}
    }
}

/// The wire format of every event (requirement EVT 5), but for what `data` is.
fn envelope() -> Value {
    let segment = "[a-z][a-z0-9_]*";
    let mut generator = SchemaGenerator::default();
    let mut id = |schema: fn(&mut SchemaGenerator) -> Schema, what: &str| {
        let mut schema = Value::from(schema(&mut generator));
        schema["description"] = what.into();
        schema
    };
    json!({
        "type": "object",
        "description": "What every event is sent in.",
        "properties": {
            "id": {
                "type": "string",
                "format": "uuid",
                "description": "Identifies the event for ever; a UUIDv7.",
            },
            "type": {
                "type": "string",
                "pattern": format!("^{segment}\\.{segment}\\.{segment}$"),
                "maxLength": 255,
                "description": "What happened: `<domain>.<entity>.<action>`.",
            },
            "version": {
                "type": "integer",
                "minimum": 1,
                "description": "The version of the shape of `data`.",
            },
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "pattern": "Z$",
                "description": "When it happened, in UTC.",
            },
            "source": { "type": "string", "description": "The domain or service that says so." },
            "correlationId": {
                "type": "string",
                "minLength": 1,
                "description": "The request that caused it.",
            },
            "data": { "description": "The payload, shaped by `type` and `version`." },
            "metadata": {
                "type": "object",
                "description": "For whom and by whom. What is absent is omitted and never null.",
                "properties": {
                    "shopId": id(ShopId::json_schema, "The shop it happened in."),
                    "actorId": id(ActorId::json_schema, "Who did it."),
                    "actorType": {
                        "type": "string",
                        "enum": ["user", "app", "system"],
                        "description": "What kind of actor did it.",
                    },
                },
            },
        },
        "required": [
            "id", "type", "version", "timestamp", "source", "correlationId", "data", "metadata",
        ],
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use czo_core::{
        Actor, ActorType, DomainEvent, EventCatalogue, EventFactory, RequestContext, SystemClock,
        SystemIds,
    };
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A branch grew.
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event("tree.branch.grown", version = 1)]
    struct GrownV1 {
        leaves: u32,
    }

    /// A branch grew, with all that is on it.
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event("tree.branch.grown", version = 2, from = GrownV1)]
    struct Grown {
        /// What grew.
        branch: Branch,
        at: (u8, u8),
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Branch {
        branches: Vec<Branch>,
    }

    impl From<GrownV1> for Grown {
        fn from(_: GrownV1) -> Self {
            Self { branch: Branch { branches: Vec::new() }, at: (0, 0) }
        }
    }

    /// It rained.
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event("weather.rain.fallen", version = 1)]
    struct Rained {}

    fn document() -> Value {
        let mut catalogue = EventCatalogue::default();
        catalogue.add::<Grown>("forest").unwrap();
        catalogue.add_external::<Rained>("weather").unwrap();
        let consumer = EventConsumer {
            pattern: "#".parse().unwrap(),
            group: "diary.all".parse().unwrap(),
            consumer: "diary".to_owned(),
            retry_seconds: vec![0.5, 60.0],
        };
        EventTopology { catalogue, consumers: vec![consumer] }.asyncapi("test", "1.2.3")
    }

    /// Every `$ref` in a document.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(words) => {
                found.extend(words.get("$ref").and_then(Value::as_str).map(str::to_owned));
                words.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_also_in_a_schema_that_contains_itself() {
        let document = document();
        let mut all = Vec::new();
        references(&document, &mut all);
        assert!(all.iter().any(|to| to == "#/components/schemas/tree.branch.grown.v2.Branch"));
        for to in all {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
        }
    }

    #[test]
    fn a_producer_sends_the_newest_version_and_a_consumer_receives_all() {
        let document = document();
        let sends = &document["operations"]["forest.sends.tree.branch.grown"];
        assert_eq!(
            sends["messages"],
            json!([{ "$ref": "#/channels/tree.branch.grown/messages/v2" }])
        );
        let receives = &document["operations"]["diary.all.receives.tree.branch.grown"];
        assert_eq!(receives["x-czo-retry-seconds"], json!([0.5, 60.0]));
        assert_eq!(
            (&receives["x-czo-pattern"], &receives["messages"]),
            (&json!("#"), &json!(null))
        );
        let messages = document["channels"]["tree.branch.grown"]["messages"].as_object().unwrap();
        assert_eq!(messages.keys().collect::<Vec<_>>(), ["v1", "v2"]);
    }

    #[test]
    fn what_another_program_sends_is_received_only() {
        let operations = &document()["operations"];
        assert_eq!(operations["weather.sends.weather.rain.fallen"], json!(null));
        assert_eq!(operations["diary.all.receives.weather.rain.fallen"]["action"], "receive");
    }

    #[test]
    fn of_the_events_of_the_system_only_the_shutdown_is_sent() {
        let mut catalogue = EventCatalogue::default();
        catalogue.add_system().unwrap();
        let topology = EventTopology { catalogue, consumers: Vec::new() };
        let document = topology.asyncapi("test", "1.2.3");
        let operations = document["operations"].as_object().unwrap();
        let sends: Vec<_> = operations.keys().collect();
        assert_eq!(sends, ["system.sends.system.shutdown.started"]);
        assert!(document["channels"]["system.config.updated"].is_object());
    }

    #[test]
    fn nothing_stands_beside_a_reference_where_draft_7_ignores_it() {
        fn check(value: &Value) {
            match value {
                Value::Object(words) => {
                    assert!(!words.contains_key("$ref") || words.len() == 1, "{value}");
                    words.values().for_each(check);
                }
                Value::Array(values) => values.iter().for_each(check),
                _ => {}
            }
        }
        let document = document();
        check(&document);
        let at = "/components/schemas/tree.branch.grown.v2/properties/branch";
        let branch = document.pointer(at).unwrap();
        assert_eq!(branch["description"], "What grew.");
        assert!(branch["allOf"][0]["$ref"].is_string(), "{branch}");
    }

    fn event(payload: &impl Event, actor: Actor) -> DomainEvent {
        let factory = EventFactory::new("forest", Arc::new(SystemClock), Arc::new(SystemIds));
        let ctx = RequestContext { actor, ..RequestContext::system(&SystemIds) };
        factory.event(&ctx.for_shop(ShopId::generate(&SystemIds)), payload).unwrap()
    }

    /// The payload schema of a message, with all that it refers to.
    fn payload(message: &str) -> jsonschema::Validator {
        let mut schema = document();
        schema["$ref"] = format!("#/components/messages/{message}/payload").into();
        jsonschema::draft7::new(&schema).unwrap()
    }

    #[test]
    fn what_is_published_is_valid_by_the_document_and_what_differs_is_not() {
        let branch = Branch { branches: vec![Branch { branches: Vec::new() }] };
        let user = Actor::Known {
            id: ActorId::generate(&SystemIds),
            kind: ActorType::User,
            roles: Vec::new(),
        };
        let event = event(&Grown { branch, at: (1, 2) }, user);
        let wire = serde_json::to_value(&event).unwrap();
        let newest = payload("tree.branch.grown.v2");
        newest.validate(&wire).unwrap();
        assert!(!payload("tree.branch.grown.v1").is_valid(&wire));
        for (pointer, wrong) in [
            ("/data/branch/branches/0/branches", json!(7)),
            ("/data/at", json!([1])),
            ("/timestamp", json!("2026-11-21T12:00:00+01:00")),
            ("/metadata/shopId", json!(null)),
            ("/correlationId", json!("")),
            ("/version", json!(0)),
        ] {
            let mut wire = wire.clone();
            *wire.pointer_mut(pointer).unwrap() = wrong;
            assert!(!newest.is_valid(&wire), "{pointer}");
        }
    }
}
