//! Points in time as people say them.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// A point in time as people say it: by RFC 3339, or as how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    At(DateTime<Utc>),
    Ago(TimeDelta),
}

/// Text that is no point in time.
#[derive(Debug, Error)]
#[error(
    "expected a time by RFC 3339, such as `2026-11-21T12:00:00Z`, or how long ago, such as `90s`, `30m`, `2h`, `7d` or `2w`"
)]
pub(super) struct MomentError;

impl Moment {
    /// When that is; the beginning of time where it is before that.
    pub(super) fn resolve(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub_signed(ago).unwrap_or(DateTime::<Utc>::MIN_UTC),
        }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.to_utc()));
        }
        let unit = text.char_indices().next_back().ok_or(MomentError)?;
        let seconds = match unit.1 {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 24 * 3_600,
            'w' => 7 * 24 * 3_600,
            _ => return Err(MomentError),
        };
        let number = &text[..unit.0];
        // `parse` would take a sign.
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MomentError);
        }
        let number: i64 = number.parse().map_err(|_| MomentError)?;
        let ago = number.checked_mul(seconds).and_then(TimeDelta::try_seconds);
        ago.map(Self::Ago).ok_or(MomentError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        text.parse::<Moment>().unwrap().resolve(now)
    }

    #[test]
    fn a_time_is_said_by_rfc_3339_or_by_how_long_ago_it_was() {
        for (text, when) in [
            ("2026-11-20T23:30:00+02:00", "2026-11-20T21:30:00Z"),
            ("90s", "2026-11-21T11:58:30Z"),
            ("30m", "2026-11-21T11:30:00Z"),
            ("2h", "2026-11-21T10:00:00Z"),
            ("7d", "2026-11-14T12:00:00Z"),
            ("2w", "2026-11-07T12:00:00Z"),
        ] {
            assert_eq!(at(text), when.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_before_all_time_is_its_beginning() {
        assert_eq!(at("9999999999d"), DateTime::<Utc>::MIN_UTC);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "h", "7", "-2h", "+2h", "2 h", "2y", "2h30m", "yesterday", "2026-11-21"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
        assert!("99999999999999999999d".parse::<Moment>().is_err());
        assert!("9223372036854775807w".parse::<Moment>().is_err());
        assert!("7🦀".parse::<Moment>().is_err());
    }
}
