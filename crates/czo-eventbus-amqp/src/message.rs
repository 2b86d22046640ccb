//! An event as a message of AMQP, and back.

use chrono::{DateTime, Utc};
use czo_core::{CorrelationId, DomainEvent, EventId, EventType, Failure, Group, UnreadableMessage};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use uuid::Uuid;
use uuid::fmt::Simple;

/// The largest event, in bytes of its JSON. RabbitMQ is not made for larger ones.
pub(crate) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Room for the JSON of most events.
const USUAL_BYTES: usize = 512;

/// The longest text that goes into a header, in bytes.
const MAX_REASON: usize = 1_000;

/// How much of an unreadable message is shown, in bytes.
const BEGINNING: usize = 500;

/// How many bytes of foreign headers are taken over.
const MAX_HEADERS: usize = 32 * 1024;

const JSON: &str = "application/json";
const PERSISTENT: u8 = 2;

const EVENT_VERSION: &str = "x-event-version";
const EVENT_SOURCE: &str = "x-event-source";
const TRACEPARENT: &str = "traceparent";
/// The only group that a message is for.
const AUDIENCE: &str = "x-audience";
/// How often it was tried.
const ATTEMPTS: &str = "x-attempts";
const FIRST_FAILURE_AT: &str = "x-first-failure-at";
const FIRST_FAILURE_REASON: &str = "x-first-failure-reason";
const DEAD_GROUP: &str = "x-dead-group";
const DEAD_REASON: &str = "x-dead-reason";
const DEAD_AT: &str = "x-dead-at";

/// What this crate writes.
const OURS: [&str; 10] = [
    EVENT_VERSION,
    EVENT_SOURCE,
    TRACEPARENT,
    AUDIENCE,
    ATTEMPTS,
    FIRST_FAILURE_AT,
    FIRST_FAILURE_REASON,
    DEAD_GROUP,
    DEAD_REASON,
    DEAD_AT,
];

/// What is published: a body and what stands beside it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) body: Vec<u8>,
    beside: Beside,
}

/// What stands beside a body.
#[derive(Clone, Debug)]
enum Beside {
    /// What an event says of itself. It becomes properties for the client, which keeps them: to
    /// make them twice costs less than to copy them.
    Envelope(Envelope),
    Properties(Box<BasicProperties>),
}

/// What an event says of itself.
#[derive(Clone, Debug)]
struct Envelope {
    id: EventId,
    event_type: EventType,
    version: u32,
    seconds: u64,
    source: String,
    correlation_id: CorrelationId,
}

/// What was tried before at a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) attempts: u32,
    pub(crate) first_failure: Option<Failure>,
}

impl Message {
    /// The message of an event, as it is published.
    pub(crate) fn of(event: DomainEvent) -> Result<Self, String> {
        let mut body = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut body, &event).map_err(|error| error.to_string())?;
        if body.len() > MAX_BYTES {
            return Err(too_large(body.len()));
        }
        let envelope = Envelope {
            id: event.id,
            event_type: event.event_type,
            version: event.version.get(),
            seconds: u64::try_from(event.timestamp.timestamp()).unwrap_or_default(),
            source: event.source,
            correlation_id: event.correlation_id,
        };
        Ok(Self { body, beside: Beside::Envelope(envelope) })
    }

    /// Its id.
    pub(crate) fn id(&self) -> String {
        match &self.beside {
            Beside::Envelope(envelope) => Uuid::from(envelope.id).to_string(),
            Beside::Properties(properties) => {
                let id = properties.message_id().as_ref();
                id.map(|id| id.as_str().to_owned()).unwrap_or_default()
            }
        }
    }

    /// What stands beside the body.
    pub(crate) fn properties(&self) -> BasicProperties {
        match &self.beside {
            Beside::Envelope(envelope) => envelope.properties(),
            Beside::Properties(properties) => (**properties).clone(),
        }
    }

    /// A message that was delivered, to be published elsewhere.
    ///
    /// It takes over what says something about the event, and nothing that tells the broker what to
    /// do: a foreign `user_id`, `expiration` or `CC` would have it refused, thrown away or given to
    /// others.
    pub(crate) fn again(body: Vec<u8>, old: &BasicProperties) -> Self {
        let new_id = || Uuid::new_v4().to_string().into();
        let mut properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(old.message_id().clone().unwrap_or_else(new_id))
            .with_headers(headers_to_keep(old));
        if let Some(content_type) = old.content_type().clone() {
            properties = properties.with_content_type(content_type);
        }
        if let Some(correlation_id) = old.correlation_id().clone() {
            properties = properties.with_correlation_id(correlation_id);
        }
        if let Some(timestamp) = *old.timestamp() {
            properties = properties.with_timestamp(timestamp);
        }
        if let Some(event_type) = old.kind().clone() {
            properties = properties.with_type(event_type);
        }
        Self { body, beside: Beside::Properties(Box::new(properties)) }
    }

    /// The same for this group only.
    pub(crate) fn only_for(self, group: &Group) -> Self {
        self.with(|headers| insert_text(headers, AUDIENCE, group.as_str()))
    }

    /// The same, tried before.
    pub(crate) fn with_history(self, history: &History) -> Self {
        self.with(|headers| {
            headers.insert(ATTEMPTS.into(), AMQPValue::LongLongInt(history.attempts.into()));
            if let Some(Failure { at, reason }) = &history.first_failure {
                insert_text(headers, FIRST_FAILURE_AT, &at.to_rfc3339());
                insert_text(headers, FIRST_FAILURE_REASON, reason);
            }
        })
    }

    /// The same, given up.
    pub(crate) fn buried(self, group: &Group, last: &Failure) -> Self {
        self.with(|headers| {
            insert_text(headers, DEAD_GROUP, group.as_str());
            insert_text(headers, DEAD_REASON, &last.reason);
            insert_text(headers, DEAD_AT, &last.at.to_rfc3339());
        })
    }

    /// The same as if it had never been tried.
    pub(crate) fn renewed(self) -> Self {
        const OLD: [&str; 7] = [
            ATTEMPTS,
            FIRST_FAILURE_AT,
            FIRST_FAILURE_REASON,
            DEAD_GROUP,
            DEAD_REASON,
            DEAD_AT,
            AUDIENCE,
        ];
        self.with(|headers| {
            let old = std::mem::take(headers);
            for (name, value) in
                old.inner().iter().filter(|(name, _)| !OLD.contains(&name.as_str()))
            {
                headers.insert(name.clone(), value.clone());
            }
        })
    }

    fn with(self, change: impl FnOnce(&mut FieldTable)) -> Self {
        let properties = self.properties();
        let mut headers = properties.headers().clone().unwrap_or_default();
        change(&mut headers);
        let properties = properties.with_headers(headers);
        Self { beside: Beside::Properties(Box::new(properties)), ..self }
    }
}

impl Envelope {
    fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(EVENT_VERSION.into(), AMQPValue::LongLongInt(self.version.into()));
        insert_text(&mut headers, EVENT_SOURCE, &self.source);
        insert_text(&mut headers, TRACEPARENT, &self.traceparent());
        BasicProperties::default()
            .with_content_type(JSON.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(Uuid::from(self.id).to_string().into())
            .with_correlation_id(self.correlation_id.as_str().into())
            .with_timestamp(self.seconds)
            .with_type(self.event_type.as_str().into())
            .with_headers(headers)
    }

    /// The trace, as W3C Trace Context writes it: that of the request which caused the event, told
    /// from others by its correlation id.
    fn traceparent(&self) -> String {
        let own = Uuid::from(self.id);
        let trace = self.correlation_id.as_str().parse().unwrap_or(own);
        let (mut trace_digits, mut own_digits) = ([0; Simple::LENGTH], [0; Simple::LENGTH]);
        let trace = trace.simple().encode_lower(&mut trace_digits);
        // The second half is the one that is random.
        let span = &own.simple().encode_lower(&mut own_digits)[Simple::LENGTH / 2..];
        ["00-", trace, "-", span, "-01"].concat()
    }
}

/// The headers that say something about the event. All others are left out where they are so many
/// that they would not fit into a frame with ours.
fn headers_to_keep(properties: &BasicProperties) -> FieldTable {
    let mut headers = FieldTable::default();
    let mut bytes = 0;
    for (name, value) in properties.headers().iter().flat_map(|headers| headers.inner()) {
        let is_for_the_broker =
            is_of_the_broker(name.as_str()) || matches!(name.as_str(), "CC" | "BCC");
        let is_ours = OURS.contains(&name.as_str());
        let length = name.as_str().len() + length(value);
        if is_for_the_broker || (!is_ours && bytes + length > MAX_HEADERS) {
            continue;
        }
        bytes += length;
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// How many bytes a value takes, or so many that it does not fit.
fn length(value: &AMQPValue) -> usize {
    match value {
        AMQPValue::LongString(text) => text.as_bytes().len(),
        AMQPValue::ShortString(text) => text.as_str().len(),
        AMQPValue::ByteArray(bytes) => bytes.len(),
        AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_) => MAX_HEADERS,
        _ => 8,
    }
}

/// Whether the broker writes this header when it moves a message, or counts its deliveries.
fn is_of_the_broker(header: &str) -> bool {
    header.starts_with("x-death")
        || header.starts_with("x-first-death")
        || header.starts_with("x-last-death")
        || header == "x-delivery-count"
        || header == "x-acquired-count"
}

/// The event of a message.
///
/// # Errors
///
/// Why it is none.
pub(crate) fn read(body: &[u8]) -> Result<DomainEvent, String> {
    if body.len() > MAX_BYTES {
        return Err(too_large(body.len()));
    }
    serde_json::from_slice(body)
        .map_err(|error| format!("the message is not an event in its envelope: {error}"))
}

/// What can be said of a message that is no event.
pub(crate) fn unreadable(delivery: &Delivery) -> UnreadableMessage {
    let id = delivery.properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok());
    let said = delivery.properties.kind().as_ref().map(ShortString::as_str);
    let said = said.and_then(|said| said.parse::<EventType>().ok());
    let beginning = &delivery.data[..delivery.data.len().min(BEGINNING)];
    UnreadableMessage {
        id: id.map(|id: Uuid| EventId::from(id)),
        event_type: said,
        bytes: delivery.data.len(),
        beginning: String::from_utf8_lossy(beginning).into_owned(),
    }
}

/// What was tried before at a message.
pub(crate) fn history(properties: &BasicProperties) -> History {
    let attempts = number(properties, ATTEMPTS).and_then(|number| u32::try_from(number).ok());
    let at = moment(properties, FIRST_FAILURE_AT);
    let reason = header_text(properties, FIRST_FAILURE_REASON);
    History {
        attempts: attempts.unwrap_or_default(),
        first_failure: at.zip(reason).map(|(at, reason)| Failure { at, reason }),
    }
}

/// The only group that a message is for, if there is one.
pub(crate) fn has_audience(properties: &BasicProperties) -> bool {
    header_text(properties, AUDIENCE).is_some()
}

/// Why a message of a queue of dead letters is there, and since when.
pub(crate) fn burial(properties: &BasicProperties, now: DateTime<Utc>) -> Failure {
    let published = properties.timestamp().and_then(|seconds| i64::try_from(seconds).ok());
    let published = published.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Failure {
        at: moment(properties, DEAD_AT).or(published).unwrap_or(now),
        reason: header_text(properties, DEAD_REASON).unwrap_or_else(|| foreign_reason(properties)),
    }
}

/// Why somebody else put it there.
fn foreign_reason(properties: &BasicProperties) -> String {
    match header_text(properties, "x-first-death-reason").as_deref() {
        Some("delivery_limit") => {
            "the broker gave it up: process after process ended over it (delivery_limit)".to_owned()
        }
        Some(reason) => format!("the broker gave it up ({reason})"),
        None => "it was put here by another program, without a reason".to_owned(),
    }
}

fn insert_text(headers: &mut FieldTable, name: &str, text: &str) {
    let text = &text[..text.floor_char_boundary(MAX_REASON)];
    headers.insert(name.into(), AMQPValue::LongString(text.into()));
}

fn header<'p>(properties: &'p BasicProperties, name: &str) -> Option<&'p AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

fn header_text(properties: &BasicProperties, name: &str) -> Option<String> {
    match header(properties, name)? {
        AMQPValue::LongString(text) => Some(lossy(text)),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn lossy(text: &LongString) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

fn moment(properties: &BasicProperties, name: &str) -> Option<DateTime<Utc>> {
    let text = header_text(properties, name)?;
    DateTime::parse_from_rfc3339(&text).ok().map(|at| at.with_timezone(&Utc))
}

fn number(properties: &BasicProperties, name: &str) -> Option<i64> {
    match *header(properties, name)? {
        AMQPValue::LongLongInt(number) => Some(number),
        AMQPValue::LongInt(number) => Some(number.into()),
        AMQPValue::LongUInt(number) => Some(number.into()),
        AMQPValue::ShortInt(number) => Some(number.into()),
        AMQPValue::ShortUInt(number) => Some(number.into()),
        AMQPValue::ShortShortInt(number) => Some(number.into()),
        AMQPValue::ShortShortUInt(number) => Some(number.into()),
        _ => None,
    }
}

fn too_large(bytes: usize) -> String {
    format!("it has {bytes} bytes, and an event has at most {MAX_BYTES}")
}
