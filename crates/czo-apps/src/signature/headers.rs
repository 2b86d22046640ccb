//! What is said of a message beside its body.

use super::error::SignatureError;

/// The names of the headers, in small letters, as HTTP/2 has them.
pub mod header {
    /// What tells the message from others; the same at each attempt.
    pub const ID: &str = "webhook-id";
    /// When the attempt was made, in seconds since 1970.
    pub const TIMESTAMP: &str = "webhook-timestamp";
    /// The signatures, separated by spaces.
    pub const SIGNATURE: &str = "webhook-signature";
    /// The signatures once more, under czo's own name.
    pub const CZO_SIGNATURE: &str = "x-czo-signature";
}

/// The headers of a message that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signature: String,
}

impl SignatureHeaders {
    /// Name and value of each. The values are visible ASCII characters and spaces.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let headers = [
            (header::ID, &self.id),
            (header::TIMESTAMP, &self.timestamp),
            (header::SIGNATURE, &self.signature),
            (header::CZO_SIGNATURE, &self.signature),
        ];
        headers.into_iter().map(|(name, value)| (name, value.as_str()))
    }

    /// The value of `webhook-signature` and `x-czo-signature`.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The same headers as a receiver has them.
    #[must_use]
    pub fn as_received(&self) -> ReceivedHeaders<'_> {
        ReceivedHeaders { id: &self.id, timestamp: &self.timestamp, signature: &self.signature }
    }
}

/// The headers of a message that was received. Nothing is known about them yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedHeaders<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`.
    pub signature: &'a str,
}

impl<'a> ReceivedHeaders<'a> {
    /// Takes the headers out of wherever they are.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use czo_apps::ReceivedHeaders;
    ///
    /// let request = HashMap::from([
    ///     ("webhook-id", "msg_1"),
    ///     ("webhook-timestamp", "1614265330"),
    ///     ("webhook-signature", "v1,…"),
    /// ]);
    /// let headers = ReceivedHeaders::find(|name| request.get(name).copied())?;
    /// assert_eq!(headers.id, "msg_1");
    /// # Ok::<(), czo_apps::SignatureError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SignatureError::MissingHeader`].
    pub fn find(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SignatureError> {
        let find = |name| get(name).ok_or(SignatureError::MissingHeader { name });
        Ok(Self {
            id: find(header::ID)?,
            timestamp: find(header::TIMESTAMP)?,
            signature: find(header::SIGNATURE)?,
        })
    }
}
