//! What tells one message from another.

use std::fmt;
use std::str::FromStr;

use czo_core::TypedId;

use super::error::SignatureError;

/// What tells one message from another: the same at each attempt to deliver it, so that a receiver
/// knows what it has handled. Visible ASCII characters without a dot, 255 at most; with a dot, the
/// end of the id could be taken for the time.
///
/// ```
/// use czo_apps::MessageId;
///
/// let id: MessageId = "msg_p5jXN8AQM9LWM0D4loKWxJek".parse()?;
/// assert!("msg.1".parse::<MessageId>().is_err());
/// # Ok::<(), czo_apps::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text form of one of czo's own ids, which is a prefix, `_` and base 32.
    #[must_use]
    pub fn of(id: impl TypedId) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for MessageId {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_visible = |b: u8| b.is_ascii_graphic() && b != b'.';
        if (1..=255).contains(&text.len()) && text.bytes().all(is_visible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SignatureError::Id)
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
