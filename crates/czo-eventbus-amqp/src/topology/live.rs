//! What is on a broker now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Argument, Binding, QueueArguments};

/// What is on a broker now, in one virtual host.
///
/// AMQP can't list it; the management API of RabbitMQ can, whose answers [`Live::from_json`] reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// The exchanges, with those of the broker itself.
    pub exchanges: BTreeMap<String, LiveExchange>,
    /// The queues.
    pub queues: BTreeMap<String, LiveQueue>,
    /// What brings messages to queues, without what every queue has: its name as a key of the
    /// exchange without a name.
    pub bindings: BTreeSet<LiveBinding>,
}

/// An exchange that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct LiveExchange {
    /// As the protocol names it: `topic`, or that of a plugin.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is there after the broker started anew.
    pub durable: bool,
    /// Whether it goes with its last binding.
    #[serde(default)]
    pub auto_delete: bool,
    /// Whether only other exchanges may publish to it.
    #[serde(default)]
    pub internal: bool,
    /// What it was declared with.
    #[serde(default, deserialize_with = "arguments")]
    pub arguments: QueueArguments,
}

/// A queue that is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct LiveQueue {
    /// What it was declared with, and always `x-queue-type`.
    #[serde(default, deserialize_with = "arguments")]
    pub arguments: QueueArguments,
    /// Whether it is there after the broker started anew.
    pub durable: bool,
    /// Whether it goes with its last consumer.
    #[serde(default)]
    pub auto_delete: bool,
    /// Whether it belongs to one connection.
    #[serde(default)]
    pub exclusive: bool,
    /// How many messages are in it, as of a few seconds ago.
    #[serde(default)]
    pub messages: u64,
    /// How many of them the broker took out as dead letters, but could not bring to where those go,
    /// as of a few seconds ago. They go with the queue: no consumer gets them.
    #[serde(default, rename = "messages_dlx")]
    pub stuck: u64,
    /// How many listen, as of a few seconds ago.
    #[serde(default)]
    pub consumers: u64,
}

/// A binding that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct LiveBinding {
    /// From where to where.
    #[serde(flatten)]
    pub binding: Binding,
    /// What it was made with; ours have none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: QueueArguments,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    /// Of a queue, unless the broker is older than the kinds of queues.
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(flatten)]
    entry: T,
}

#[derive(Deserialize)]
struct AnyBinding {
    source: String,
    destination: String,
    destination_type: String,
    routing_key: String,
    #[serde(default, deserialize_with = "arguments")]
    arguments: QueueArguments,
}

impl Live {
    /// Reads the answers of RabbitMQ's management API to `/api/exchanges/{vhost}`,
    /// `/api/queues/{vhost}` and `/api/bindings/{vhost}`.
    ///
    /// # Errors
    ///
    /// When one of them is something else.
    pub fn from_json(
        exchanges: &[u8],
        queues: &[u8],
        bindings: &[u8],
    ) -> Result<Self, serde_json::Error> {
        // The kind of an exchange is part of it, so it is not taken out beforehand.
        let exchanges: Vec<Value> = serde_json::from_slice(exchanges)?;
        let exchanges = exchanges.into_iter().map(|exchange| {
            let name = exchange["name"].as_str().unwrap_or_default().to_owned();
            Ok((name, serde_json::from_value(exchange)?))
        });
        let queues: Vec<Named<LiveQueue>> = serde_json::from_slice(queues)?;
        let queues = queues.into_iter().map(|Named { name, kind, entry: mut queue }| {
            let kind = kind.unwrap_or_else(|| "classic".to_owned());
            queue.arguments.entry("x-queue-type".to_owned()).or_insert(Argument::Text(kind));
            (name, queue)
        });
        let bindings: Vec<AnyBinding> = serde_json::from_slice(bindings)?;
        Ok(Self {
            exchanges: exchanges.collect::<Result<_, serde_json::Error>>()?,
            queues: queues.collect(),
            bindings: bindings.into_iter().filter_map(AnyBinding::of_a_queue).collect(),
        })
    }

    /// What brings messages to this queue.
    pub fn bindings_of(&self, queue: &str) -> impl Iterator<Item = &LiveBinding> {
        self.bindings.iter().filter(move |there| there.binding.queue == queue)
    }
}

impl AnyBinding {
    fn of_a_queue(self) -> Option<LiveBinding> {
        let Self { source, destination, destination_type, routing_key, arguments } = self;
        let counts = destination_type == "queue" && !source.is_empty();
        let binding = Binding { exchange: source, queue: destination, key: routing_key };
        counts.then_some(LiveBinding { binding, arguments })
    }
}

impl LiveQueue {
    /// What kind of queue it is: `quorum`, `classic`, `stream`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self.arguments.get("x-queue-type") {
            Some(Argument::Text(kind)) => kind,
            _ => "classic",
        }
    }
}

impl From<Binding> for LiveBinding {
    fn from(binding: Binding) -> Self {
        Self { binding, arguments: QueueArguments::new() }
    }
}

impl fmt::Display for LiveExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.durable {
            f.write_str(", not durable")?;
        }
        if self.auto_delete {
            f.write_str(", auto-delete")?;
        }
        if self.internal {
            f.write_str(", internal")?;
        }
        for (name, argument) in &self.arguments {
            write!(f, ", {name} {argument}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LiveBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.binding)?;
        for (name, argument) in &self.arguments {
            write!(f, ", {name} {argument}")?;
        }
        Ok(())
    }
}

/// Arguments, where a value that none of ours can have is its JSON.
fn arguments<'de, D: serde::Deserializer<'de>>(json: D) -> Result<QueueArguments, D::Error> {
    // The broker writes a table without entries as an empty list, at times.
    let Value::Object(table) = Value::deserialize(json)? else {
        return Ok(QueueArguments::new());
    };
    let arguments = table.into_iter().map(|(name, value)| {
        let argument = match value {
            Value::Bool(flag) => Argument::Flag(flag),
            Value::String(text) => Argument::Text(text),
            other => {
                other.as_i64().map_or_else(|| Argument::Text(other.to_string()), Argument::Number)
            }
        };
        (name, argument)
    });
    Ok(arguments.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGES: &[u8] = br#"[
        {"name": "", "type": "direct", "durable": true, "auto_delete": false, "internal": false,
         "arguments": {}, "vhost": "/"},
        {"name": "shop", "type": "headers", "durable": false, "auto_delete": true, "internal": true,
         "arguments": {"alternate-exchange": "lost"}, "vhost": "/"}
    ]"#;
    const QUEUES: &[u8] = br#"[
        {"name": "a", "type": "quorum", "durable": true, "auto_delete": false, "exclusive": false,
         "arguments": {"x-queue-type": "quorum", "x-max-length": 5, "x-odd": [1, 2.5]},
         "messages": 7, "messages_dlx": 2, "consumers": 1, "node": "n", "state": "running"},
        {"name": "b", "durable": true, "arguments": []}
    ]"#;
    const BINDINGS: &[u8] = br#"[
        {"source": "", "destination": "a", "destination_type": "queue", "routing_key": "a",
         "arguments": {}, "properties_key": "a"},
        {"source": "shop", "destination": "other", "destination_type": "exchange",
         "routing_key": "", "arguments": {}},
        {"source": "shop", "destination": "a", "destination_type": "queue", "routing_key": "k",
         "arguments": {"x-match": "all"}}
    ]"#;

    #[test]
    fn what_the_management_api_answers_is_understood() {
        let live = Live::from_json(EXCHANGES, QUEUES, BINDINGS).unwrap();

        let shown = "headers, not durable, auto-delete, internal, alternate-exchange \"lost\"";
        assert_eq!(live.exchanges["shop"].to_string(), shown);
        let a = &live.queues["a"];
        assert_eq!((a.kind(), a.messages, a.stuck, a.consumers), ("quorum", 7, 2, 1));
        assert_eq!(a.arguments["x-max-length"], Argument::Number(5));
        assert_eq!(a.arguments["x-odd"], Argument::Text("[1,2.5]".to_owned()));
        assert_eq!(live.queues["b"].kind(), "classic");
        let bindings: Vec<_> = live.bindings.iter().map(ToString::to_string).collect();
        assert_eq!(bindings, ["shop -> a (k), x-match \"all\""]);
    }

    #[test]
    fn an_answer_that_is_something_else_is_refused() {
        assert!(Live::from_json(br#"{"error": "not_authorised"}"#, b"[]", b"[]").is_err());
    }
}
