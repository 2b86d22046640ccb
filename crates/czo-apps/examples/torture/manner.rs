//! How receivers treat who calls them.

use std::time::Duration;

use czo_testkit::torture::Dice;

/// How a receiver treats who calls it. There is one webhook of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Manner {
    Good,
    /// As good as the other, so that one is served beside bad ones wherever they are.
    AlsoGood,
    /// Wants the messages of a key in order, and fails now and then.
    Ordered,
    Hangs,
    Trickles,
    HangsUp,
    Fails,
    /// Sacrificed: soon it wants nothing more.
    Gone,
    Redirects,
    AnswersTooMuch,
    AsksForLess,
}

/// What a receiver does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accept,
    /// 200 with 20 MB behind it. The message is accepted.
    AcceptAtLength,
    Status(u16),
    /// 429 with `Retry-After`.
    Less,
    /// 307 to an address inside; else to another path.
    Redirect {
        inside: bool,
    },
    /// Says nothing.
    Hang,
    /// Says that there is something to come, and sends a byte now and then.
    Trickle,
    /// Hangs up in the middle of its answer.
    HangUp,
}

/// For how long a receiver fails that fails for a while, and for how long not.
const BOUT: u128 = 2_000;

/// After how many messages the one that is sacrificed wants no more.
const ENOUGH: usize = 60;

impl Manner {
    pub(crate) const ALL: [Self; 11] = [
        Self::Good,
        Self::AlsoGood,
        Self::Ordered,
        Self::Hangs,
        Self::Trickles,
        Self::HangsUp,
        Self::Fails,
        Self::Gone,
        Self::Redirects,
        Self::AnswersTooMuch,
        Self::AsksForLess,
    ];

    /// Its path at the receiver.
    pub(crate) fn path(self) -> String {
        format!("/{self:?}")
    }

    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.path() == path)
    }

    /// The name of how many of its answers were bad.
    pub(crate) fn figure(self) -> &'static str {
        match self {
            Self::Good => "bad_answers_by_good",
            Self::AlsoGood => "bad_answers_by_also_good",
            Self::Ordered => "bad_answers_by_ordered",
            Self::Hangs => "bad_answers_by_hangs",
            Self::Trickles => "bad_answers_by_trickles",
            Self::HangsUp => "bad_answers_by_hangs_up",
            Self::Fails => "bad_answers_by_fails",
            Self::Gone => "bad_answers_by_gone",
            Self::Redirects => "bad_answers_by_redirects",
            Self::AnswersTooMuch => "bad_answers_by_answers_too_much",
            Self::AsksForLess => "bad_answers_by_asks_for_less",
        }
    }

    /// What it does with a message, after so many and so long since the beginning.
    pub(crate) fn answer(self, dice: &mut Dice, messages: usize, since: Duration) -> Answer {
        match self {
            Self::Good | Self::AlsoGood => Answer::Accept,
            Self::Ordered => match dice.below(100) {
                0..10 => Answer::Status(500),
                10..12 => Answer::HangUp,
                12..13 => Answer::Hang,
                _ => Answer::Accept,
            },
            Self::Hangs => sometimes(dice, 300, Answer::Hang),
            Self::Trickles => sometimes(dice, 300, Answer::Trickle),
            Self::HangsUp => sometimes(dice, 500, Answer::HangUp),
            Self::Fails if since.as_millis() / BOUT % 2 == 1 => {
                Answer::Status([500, 502, 503, 504][usize::try_from(dice.below(4)).unwrap_or(0)])
            }
            Self::Fails => Answer::Accept,
            Self::Gone if messages > ENOUGH => Answer::Status(410),
            Self::Gone => Answer::Accept,
            Self::Redirects => {
                let inside = dice.happens(500);
                sometimes(dice, 500, Answer::Redirect { inside })
            }
            Self::AnswersTooMuch => sometimes(dice, 100, Answer::AcceptAtLength),
            Self::AsksForLess => sometimes(dice, 50, Answer::Less),
        }
    }
}

fn sometimes(dice: &mut Dice, of_thousand: u32, answer: Answer) -> Answer {
    if dice.happens(of_thousand) { answer } else { Answer::Accept }
}

impl Answer {
    /// Whether the message is the receiver's from then on.
    pub(crate) fn accepts(self) -> bool {
        matches!(self, Self::Accept | Self::AcceptAtLength)
    }
}
