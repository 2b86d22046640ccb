//! What a load found, and what it knows about it.

use std::time::Duration;

/// What a load found, and what it knows about it: it has the last word on how long the entry is good.
///
/// ```
/// use std::time::Duration;
/// use czo_cache::Loaded;
///
/// let closed_until_monday = Loaded::found("closed").fresh_for(Duration::from_secs(86_400));
/// let product = Loaded::found("a shirt").version(3).tag("shop_1");
/// let nothing = Loaded::<String>::absent();
/// # let _ = (closed_until_monday, product, nothing);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    pub(crate) value: Option<T>,
    pub(crate) fresh_for: Option<Duration>,
    pub(crate) version: Option<i64>,
    pub(crate) tags: Vec<String>,
}

impl<T> Loaded<T> {
    /// This value.
    #[must_use]
    pub const fn found(value: T) -> Self {
        Self::of(Some(value))
    }

    /// There is nothing.
    #[must_use]
    pub const fn absent() -> Self {
        Self::of(None)
    }

    /// This value, or nothing.
    #[must_use]
    pub const fn of(value: Option<T>) -> Self {
        Self { value, fresh_for: None, version: None, tags: Vec::new() }
    }

    /// Is fresh for exactly this long, whatever the options say; zero keeps nothing.
    #[must_use]
    pub const fn fresh_for(mut self, duration: Duration) -> Self {
        self.fresh_for = Some(duration);
        self
    }

    /// Is this version of its row. It never replaces a later one, nor what was
    /// [invalidated by a later one](crate::Cache::invalidate_below): a replica that lags behind
    /// can't bring an old value back.
    #[must_use]
    pub const fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// Is invalidated with whatever else has this tag, beside the tags of the options.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}
