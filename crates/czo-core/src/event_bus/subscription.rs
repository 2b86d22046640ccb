//! A running subscription.

use std::fmt;

/// A running subscription: dropping it, or [`cancel`](Self::cancel), ends it. What was handed to
/// a handler is finished; what waits stays for the other subscriptions of the group. Whether it
/// waits for a later one when there is none is the provider's promise.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    cancel: Vec<Box<dyn FnOnce() + Send + Sync>>,
}

impl Subscription {
    /// A subscription that ends by calling `cancel`. For providers.
    pub fn new(cancel: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { cancel: vec![Box::new(cancel)] }
    }

    /// The same, which also calls `cancel` when it ends. For providers over providers.
    pub fn and(mut self, cancel: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.cancel.push(Box::new(cancel));
        self
    }

    /// Ends the subscription.
    pub fn cancel(self) {}

    /// Lets the subscription run for as long as the bus does.
    pub fn detach(mut self) {
        self.cancel.clear();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for cancel in self.cancel.drain(..) {
            cancel();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
