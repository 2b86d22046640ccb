//! The bus does what every bus must.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use async_trait::async_trait;
use czo_core::{
    BusError, Classified, DeadLetter, DeadLetterFilter, DeadLetters, Group, RetryPolicy,
};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions, Names, QueueKind};
use czo_testkit::{BusUnderTest, bus_conformance};
use tokio::time::Instant;

use crate::support::{PATIENCE, delete_exchanges, options};

/// The names of the groups of the suite.
const GROUPS: &[&str] = &["failing", "panicking", "typed", "ordered", "one", "two"];

fn over(options: AmqpOptions) -> BusUnderTest {
    let groups = GROUPS.iter().map(|group| group.parse::<Group>().unwrap());
    // Many tests share the broker, which may stand still while it makes and deletes their queues.
    let options = options.confirm_timeout(PATIENCE);
    let letters = AmqpDeadLetters::new(options.clone(), groups);
    let dead_letters = Patient { letters, names: options.names.clone() };
    BusUnderTest {
        bus: Arc::new(AmqpBus::new(options)),
        dead_letters: Arc::new(dead_letters),
        retry: RetryPolicy::after([300, 600, 900].map(Duration::from_millis)),
        many: 100,
        is_durable: true,
    }
}

/// Asks again where another time may be better, as a person would, and at its end takes the exchanges
/// of the test away: unlike queues, they would stay.
#[derive(Debug)]
struct Patient {
    letters: AmqpDeadLetters,
    names: Names,
}

impl Drop for Patient {
    fn drop(&mut self) {
        let names = self.names.clone();
        // In a runtime of its own: that of the test may be ending.
        let tidying = thread::spawn(move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(delete_exchanges(&names));
            Ok(())
        });
        // A broker that does not answer keeps them.
        let _ = tidying.join();
    }
}

#[async_trait]
impl DeadLetters for Patient {
    async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.letters.list(filter, limit).await {
                Err(error) if error.is_retryable() && Instant::now() < until => {}
                answer => return answer,
            }
        }
    }

    async fn redrive(&self, filter: &DeadLetterFilter, limit: usize) -> Result<usize, BusError> {
        // What it has done before it failed, nobody says: it is not asked again.
        self.letters.redrive(filter, limit).await
    }

    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError> {
        self.letters.purge(filter).await
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
