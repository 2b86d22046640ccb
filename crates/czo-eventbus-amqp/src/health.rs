//! How well the bus is, and how much waits in its queues.

use std::collections::BTreeMap;
use std::time::Duration;

use czo_core::{Group, Health};
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;

use crate::bus::Shared;
use crate::link::{LinkStatus, in_words};

/// How long the broker may take to say how much waits.
const PATIENCE: Duration = Duration::from_secs(1);

impl Shared {
    /// Connected, or what is wrong.
    pub(crate) async fn health(&self) -> Health {
        if self.is_closed() {
            return Health::down("shut down");
        }
        let links = [("publishing", &self.publishing), ("consuming", &self.consuming)];
        let mut troubles = Vec::new();
        for (purpose, link) in links {
            match link.status() {
                LinkStatus::Connected => {}
                LinkStatus::Blocked(reason) => {
                    troubles
                        .push(format!("{purpose}: RabbitMQ takes no messages for now: {reason}"));
                }
                LinkStatus::Lost(reason) => {
                    return Health::down(format!("no connection for {purpose}: {reason}"));
                }
                LinkStatus::Closed => return Health::down("shut down"),
            }
        }
        troubles.extend(self.publisher.trouble().map(|reason| format!("publishing: {reason}")));
        troubles.extend(self.hubs().iter().filter_map(|hub| hub.trouble()));
        let depths = tokio::time::timeout(PATIENCE, self.depths()).await;
        let depths = match depths {
            Ok(Ok(depths)) => depths,
            Ok(Err(reason)) => {
                troubles.push(format!("its queues can't be looked at: {reason}"));
                BTreeMap::new()
            }
            Err(_) => {
                troubles.push("it does not say how much waits".to_owned());
                BTreeMap::new()
            }
        };
        let health = if troubles.is_empty() {
            Health::up().with_detail(format!("connected, groups: {}", self.hubs().len()))
        } else {
            Health::degraded(troubles.join("; "))
        };
        health.with_measures(depths)
    }

    /// How many events wait in each queue, dead letters included.
    async fn depths(&self) -> Result<BTreeMap<String, u64>, String> {
        let connection = self.consuming.connection().await.ok_or("the connection is closed")?;
        let names = &self.options.names;
        let mut depths = BTreeMap::new();
        let groups: Vec<(Group, bool)> = self
            .hubs()
            .iter()
            .filter_map(|hub| hub.topology())
            .map(|wish| (wish.group, wish.is_temporary))
            .collect();
        for (group, is_temporary) in groups {
            let mut queues = vec![names.queue(&group)];
            queues.extend((!is_temporary).then(|| names.dead_queue(&group)));
            // A queue that is not there ends the channel.
            let channel = connection.create_channel().await.map_err(|error| in_words(&error))?;
            for queue in queues {
                let passive = QueueDeclareOptions { passive: true, ..Default::default() };
                let name = queue.as_str().into();
                let declared = channel.queue_declare(name, passive, FieldTable::default()).await;
                let declared = declared.map_err(|error| in_words(&error))?;
                depths.insert(queue, declared.message_count().into());
            }
        }
        let dead: u64 =
            depths.iter().filter(|(queue, _)| queue.ends_with(":dead")).map(|(_, n)| n).sum();
        metrics::gauge!("czo_eventbus_dlx_depth")
            .set(f64::from(u32::try_from(dead).unwrap_or(u32::MAX)));
        Ok(depths)
    }
}
