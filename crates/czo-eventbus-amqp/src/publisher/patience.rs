//! How long publishers wait, and what they are told then.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::ticket::{NotConfirmed, closed};
use crate::link::{Link, LinkStatus};

/// How exact the end is: a hundredth of the time, and neither more often nor less often than this.
const OFTEN: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(100);

/// How long publishers wait, and what they are told then.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    pub(super) link: Link,
    pub(super) timeout: Duration,
}

impl Patience {
    /// When it is over for who asks now.
    pub(super) fn due(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// Ticks whenever it is to be looked for whom it is over. One timer for all costs less than one
    /// for each message.
    pub(super) fn clock(&self) -> Interval {
        let mut clock = interval((self.timeout / 100).clamp(OFTEN, SELDOM));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock
    }

    /// Why nothing was heard.
    pub(super) fn ended(&self) -> NotConfirmed {
        let seconds = self.timeout.as_secs_f64();
        NotConfirmed(match self.link.status() {
            LinkStatus::Blocked(reason) => format!("RabbitMQ takes no messages for now: {reason}"),
            LinkStatus::Lost(reason) => format!("no connection to RabbitMQ: {reason}"),
            LinkStatus::Closed => return closed(),
            LinkStatus::Connected => format!("RabbitMQ did not confirm within {seconds} seconds"),
        })
    }
}
