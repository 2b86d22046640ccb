//! Where hooks may be.

use crate::HookError;

/// A place in an operation where others may change its input, change its result or see its
/// error. Declared by whoever owns the operation, who also calls
/// [`Hooks::run`](crate::Hooks::run) there.
///
/// ```
/// use czo_hooks::{HookError, HookPoint};
///
/// /// An order is placed.
/// struct OrderPlace;
///
/// impl HookPoint for OrderPlace {
///     const NAME: &'static str = "order.place";
///     type Input = Vec<String>;
///     type Output = u64;
///     type Error = HookError;
/// }
/// ```
pub trait HookPoint: 'static {
    /// Its name in lists, logs, metrics and errors: segments of `[a-z][a-z0-9_-]*`, separated by
    /// dots. One that is not of this form does not compile where it is used.
    const NAME: &'static str;

    /// What the operation is given.
    type Input: Send;

    /// What the operation results in.
    type Output: Send;

    /// How the operation fails; a hook that refuses or fails makes it fail so too.
    type Error: From<HookError> + Send + Sync;
}
