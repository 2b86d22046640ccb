//! How far a delivery is.

use serde::{Deserialize, Serialize};

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryState {
    /// It was not tried yet.
    Waiting,
    /// It failed, and is tried again.
    Retrying,
    /// Another of its lane comes first.
    Held,
    /// The receiver has it.
    Delivered,
    /// The webhook's filter does not want it.
    Filtered,
    /// It was given up. Somebody may send it again.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Retrying, Self::Held, Self::Delivered, Self::Filtered, Self::Dead];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Filtered => "filtered",
            Self::Dead => "dead",
        }
    }

    /// What it is in the database.
    pub(crate) fn number(self) -> i16 {
        match self {
            Self::Waiting => 0,
            Self::Retrying => 1,
            Self::Held => 2,
            Self::Delivered => 3,
            Self::Filtered => 4,
            Self::Dead => 5,
        }
    }

    pub(crate) fn of(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Whether nothing more is done about it by itself.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Delivered | Self::Filtered | Self::Dead)
    }
}
