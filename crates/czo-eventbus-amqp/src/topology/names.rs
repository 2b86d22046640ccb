//! What things are called on the broker.

use std::time::Duration;

use czo_core::Group;
use thiserror::Error;

/// What things are called on the broker.
///
/// The queue of a group is called like the group, that of its dead letters `<group>:dead`, and
/// those where its events wait for their next attempt `<group>:retry-<milliseconds>`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Names {
    /// The topic exchange for events. Default `czo.events`.
    pub events: String,
    /// The fanout exchange for events of the system. Default `czo.system`.
    pub system: String,
    /// The topic exchange for dead letters. Default `czo.dlx`.
    pub dead_letters: String,
    /// What the name of every queue of a group begins with. Default nothing.
    pub queue_prefix: String,
}

/// Text that can't be a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` can't be {what}: expected {least} to {most} characters of a-z, A-Z, 0-9, `.`, `_` and `-`, and not the beginning `amq.`, which is the broker's own"
)]
pub struct NameError {
    text: String,
    what: &'static str,
    least: usize,
    most: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            events: "czo.events".to_owned(),
            system: "czo.system".to_owned(),
            dead_letters: "czo.dlx".to_owned(),
            queue_prefix: String::new(),
        }
    }
}

impl Names {
    /// Other names for all of it, which begin with `prefix`: programs that share one virtual host
    /// and not their events have different ones.
    ///
    /// # Errors
    ///
    /// [`NameError`] when it can't be part of a name.
    pub fn prefixed(prefix: &str) -> Result<Self, NameError> {
        let usual = Self::default();
        let names = Self {
            events: format!("{prefix}{}", usual.events),
            system: format!("{prefix}{}", usual.system),
            dead_letters: format!("{prefix}{}", usual.dead_letters),
            queue_prefix: prefix.to_owned(),
        };
        names.check()?;
        Ok(names)
    }

    /// Refuses what the broker would not take.
    ///
    /// # Errors
    ///
    /// [`NameError`] with the first of them.
    pub fn check(&self) -> Result<(), NameError> {
        let of_exchanges = [&self.events, &self.system, &self.dead_letters];
        let exchanges = of_exchanges.into_iter();
        let exchanges = exchanges.map(|name| (name, "the name of an exchange", 1, 100));
        // With 200 of the group and `:retry-` with the longest delay they are 255.
        let prefix = (&self.queue_prefix, "what the names of queues begin with", 0, 28);
        let wrong = exchanges.chain([prefix]).find(|(text, _, least, most)| {
            text.len() < *least
                || text.len() > *most
                || text.starts_with("amq.")
                || !text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        });
        match wrong {
            Some((text, what, least, most)) => {
                Err(NameError { text: text.clone(), what, least, most })
            }
            None => Ok(()),
        }
    }

    /// The queue of a group.
    #[must_use]
    pub fn queue(&self, group: &Group) -> String {
        // A group has 200 bytes at most, so the name fits into the 255 of the protocol.
        format!("{}{group}", self.queue_prefix)
    }

    /// The queue of the dead letters of a group.
    #[must_use]
    pub fn dead_queue(&self, group: &Group) -> String {
        format!("{}:dead", self.queue(group))
    }

    /// The queue where events of a group wait for `delay`.
    #[must_use]
    pub fn retry_queue(&self, group: &Group, delay: Duration) -> String {
        format!("{}:retry-{}", self.queue(group), delay.as_millis())
    }

    /// The group whose dead letters are in this queue, if it is one of those.
    #[must_use]
    pub fn group_of_dead_queue(&self, queue: &str) -> Option<Group> {
        queue.strip_prefix(&self.queue_prefix)?.strip_suffix(":dead")?.parse().ok()
    }
}
