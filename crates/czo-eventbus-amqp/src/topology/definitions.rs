//! A topology as a file that RabbitMQ reads.

use std::fmt;

use serde::Serialize;

use super::{Binding, ExchangeKind, QueueArguments, Topology};

/// A topology as RabbitMQ's definitions: `Display` is the JSON that `rabbitmqctl
/// import_definitions`, `load_definitions` in its configuration and the management page read.
///
/// They hold the virtual host, exchanges, queues and bindings, always in the same order, and
/// neither users nor permissions. To import them adds what is missing; it changes no queue that is
/// there, and removes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Definitions {
    vhosts: [Vhost; 1],
    exchanges: Vec<Exchange>,
    queues: Vec<Queue>,
    bindings: Vec<BindingToQueue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Vhost {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Exchange {
    name: String,
    vhost: String,
    #[serde(rename = "type")]
    kind: ExchangeKind,
    durable: bool,
    auto_delete: bool,
    internal: bool,
    arguments: QueueArguments,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Queue {
    name: String,
    vhost: String,
    durable: bool,
    auto_delete: bool,
    arguments: QueueArguments,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct BindingToQueue {
    source: String,
    vhost: String,
    destination: String,
    destination_type: &'static str,
    routing_key: String,
    arguments: QueueArguments,
}

impl Definitions {
    /// Of all of a topology, in this virtual host.
    #[must_use]
    pub fn of(topology: &Topology, vhost: &str) -> Self {
        let exchanges = topology.exchanges.iter().map(|(name, kind)| Exchange {
            name: name.clone(),
            vhost: vhost.to_owned(),
            kind: *kind,
            durable: true,
            auto_delete: false,
            internal: false,
            arguments: QueueArguments::new(),
        });
        let queues = topology.queues.iter().map(|(name, arguments)| Queue {
            name: name.clone(),
            vhost: vhost.to_owned(),
            durable: true,
            auto_delete: false,
            arguments: arguments.clone(),
        });
        let bindings =
            topology.bindings.iter().map(|Binding { exchange, queue, key }| BindingToQueue {
                source: exchange.clone(),
                vhost: vhost.to_owned(),
                destination: queue.clone(),
                destination_type: "queue",
                routing_key: key.clone(),
                arguments: QueueArguments::new(),
            });
        Self {
            vhosts: [Vhost { name: vhost.to_owned() }],
            exchanges: exchanges.collect(),
            queues: queues.collect(),
            bindings: bindings.collect(),
        }
    }
}

impl fmt::Display for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
        f.write_str(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Live, Names};

    #[test]
    fn a_broker_that_has_read_them_lacks_nothing() {
        let topology = Topology::of_the_system(&Names::default());
        let Definitions { exchanges, queues, bindings, .. } = Definitions::of(&topology, "/");
        let exchanges = serde_json::to_vec(&exchanges).unwrap();
        let queues = serde_json::to_vec(&queues).unwrap();
        let bindings = serde_json::to_vec(&bindings).unwrap();
        let live = Live::from_json(&exchanges, &queues, &bindings).unwrap();
        assert_eq!(topology.difference(&live).to_string(), "");
    }

    #[test]
    fn they_name_the_virtual_host_everywhere() {
        let topology = Topology::of_the_system(&Names::default());
        let definitions = Definitions::of(&topology, "shop").to_string();
        let things = 1 + topology.exchanges.len() + topology.queues.len() + topology.bindings.len();
        assert_eq!(definitions.matches("\"shop\"").count(), things);
    }
}
