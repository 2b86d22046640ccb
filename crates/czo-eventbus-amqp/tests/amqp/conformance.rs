//! The bus does what every bus must.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Group, RetryPolicy};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions, QueueKind};
use czo_testkit::{BusUnderTest, bus_conformance};

use crate::support::options;

/// The names of the groups of the suite.
const GROUPS: &[&str] = &["failing", "panicking", "typed", "ordered", "one", "two"];

fn over(options: AmqpOptions) -> BusUnderTest {
    let groups = GROUPS.iter().map(|group| group.parse::<Group>().unwrap());
    let dead_letters = AmqpDeadLetters::new(options.clone(), groups);
    BusUnderTest {
        bus: Arc::new(AmqpBus::new(options)),
        dead_letters: Arc::new(dead_letters),
        retry: RetryPolicy::after([300, 600, 900].map(Duration::from_millis)),
        many: 100,
        is_durable: true,
    }
}

mod quorum {
    use super::*;

    bus_conformance!(real_time, async || over(options()));
}

mod classic {
    use super::*;

    bus_conformance!(real_time, async || over(options().queue_kind(QueueKind::Classic)));
}
