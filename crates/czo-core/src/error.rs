//! What every error of czo can say about itself.

/// What a caller can do about an error. The HTTP and GraphQL faces map it to status and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is wrong; the message says where and what was expected.
    Invalid,
    /// Nobody said who they are, or the token is not good.
    Unauthenticated,
    /// Whoever asks may not do this.
    Forbidden,
    /// What was named does not exist (for whoever asks).
    NotFound,
    /// The state has changed meanwhile, or a unique value is taken.
    Conflict,
    /// Something this needs does not answer. Trying later may help.
    Unavailable,
    /// A fault of czo or of its data. The message is for the log, not for the caller.
    Internal,
}

/// An error that says of which [`ErrorKind`] it is.
pub trait Classified: std::error::Error + Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> ErrorKind;

    /// Whether the same call may succeed later, unchanged. By default, what is
    /// [`Unavailable`](ErrorKind::Unavailable) is.
    fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }
}
