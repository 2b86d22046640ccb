//! What is done to a bus, its broker, and the network between them.

use std::time::Duration;

use czo_testkit::torture::Dice;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Harm {
    /// All connections end, in the middle of what is said.
    Cut,
    /// A network says nothing for longer than heartbeats may be missing.
    Silence,
    /// The broker ends in good order, and starts again.
    Restart,
    /// The broker is killed, and starts again.
    Crash,
    /// The queue of a group is deleted, and those where its events wait for their next attempt.
    DeleteQueue,
    /// The broker closes every channel, as after an acknowledgement of what it never gave out.
    CloseChannels,
    /// The broker takes no messages.
    MemoryAlarm,
    /// The broker lets nobody in: the password is another.
    WrongPassword,
    /// The queues where events wait for their next attempt take no more.
    FullRetries,
    /// A consumer is killed while its handlers run.
    KillConsumer,
    /// A consumer stands still for longer than heartbeats may be missing.
    FreezeConsumer,
    /// A message that is no JSON.
    Malformed,
    /// JSON that is no event.
    WrongEnvelope,
    /// A message of 50 MB.
    Huge,
    /// An event of another program, without any property, or with odd ones.
    Foreign,
}

impl Harm {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::Cut,
        Self::Silence,
        Self::Restart,
        Self::Crash,
        Self::DeleteQueue,
        Self::CloseChannels,
        Self::MemoryAlarm,
        Self::WrongPassword,
        Self::FullRetries,
        Self::KillConsumer,
        Self::FreezeConsumer,
        Self::Malformed,
        Self::WrongEnvelope,
        Self::Huge,
        Self::Foreign,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cut => "harm_cut",
            Self::Silence => "harm_silence",
            Self::Restart => "harm_broker_restart",
            Self::Crash => "harm_broker_crash",
            Self::DeleteQueue => "harm_queue_deleted",
            Self::CloseChannels => "harm_channels_closed",
            Self::MemoryAlarm => "harm_memory_alarm",
            Self::WrongPassword => "harm_wrong_password",
            Self::FullRetries => "harm_full_retries",
            Self::KillConsumer => "harm_consumer_killed",
            Self::FreezeConsumer => "harm_consumer_frozen",
            Self::Malformed => "harm_malformed",
            Self::WrongEnvelope => "harm_wrong_envelope",
            Self::Huge => "harm_huge",
            Self::Foreign => "harm_foreign_event",
        }
    }

    /// How long it may take on a machine that does much else, until what it met is well again.
    fn allowance(self) -> Duration {
        Duration::from_secs(match self {
            Self::Cut | Self::KillConsumer | Self::Malformed => 4,
            Self::WrongEnvelope | Self::Foreign => 4,
            Self::Silence | Self::FreezeConsumer | Self::CloseChannels => 12,
            Self::Restart | Self::Crash | Self::DeleteQueue | Self::Huge => 12,
            Self::MemoryAlarm | Self::FullRetries => 12,
            Self::WrongPassword => 14,
        })
    }
}

/// All harms in an order of its own, again and again: none comes twice before each came once.
#[derive(Debug)]
pub(crate) struct Deck {
    harms: Vec<Harm>,
    left: Vec<Harm>,
    /// Those for which there is time. They come first.
    due: Vec<Harm>,
    /// How many came so far.
    dealt: usize,
}

impl Deck {
    pub(crate) fn new(harms: &[Harm], time: Duration, dice: &mut Dice) -> Self {
        let mut left = harms.to_vec();
        dice.shuffle(&mut left);
        let mut allowed = Duration::ZERO;
        let due = left.iter().rev().copied();
        let due = due.take_while(|harm| {
            allowed += harm.allowance();
            allowed <= time
        });
        Self { harms: harms.to_vec(), due: due.collect(), left, dealt: 0 }
    }

    pub(crate) fn next(&mut self, dice: &mut Dice) -> Option<Harm> {
        if self.left.is_empty() {
            self.left = self.harms.clone();
            dice.shuffle(&mut self.left);
        }
        self.dealt += 1;
        self.left.pop()
    }

    /// What must have happened by the end, since there is time for it.
    pub(crate) fn due(&self) -> &[Harm] {
        &self.due
    }

    /// Whether something of that is still to come: the machine is slower than was thought.
    pub(crate) fn owes(&self) -> bool {
        self.dealt < self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_harm_comes_once_before_one_comes_twice() {
        let mut dice = Dice::new(1);
        let mut deck = Deck::new(&Harm::ALL, Duration::MAX, &mut dice);
        assert_eq!(deck.due().len(), Harm::ALL.len());
        for _ in 0..3 {
            let mut round: Vec<_> = Harm::ALL.iter().filter_map(|_| deck.next(&mut dice)).collect();
            round.sort_unstable();
            assert_eq!(round, Harm::ALL);
        }
    }

    #[test]
    fn what_is_due_is_what_comes_first() {
        let mut dice = Dice::new(1);
        let mut deck = Deck::new(&Harm::ALL, Duration::from_secs(60), &mut dice);
        let due = deck.due().to_vec();
        assert!(deck.owes() && !due.is_empty() && due.len() < Harm::ALL.len());
        let first: Vec<_> = due.iter().filter_map(|_| deck.next(&mut dice)).collect();
        assert_eq!(first, due);
        assert!(!deck.owes());
    }
}
