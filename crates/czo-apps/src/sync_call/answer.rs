//! What an app answered.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::{AppId, AppWebhookId, InstallationId};

/// What an app answered: JSON that fits the schema which its manifest has for it. More is not known
/// of it; whoever asked looks at what it says.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SyncAnswer {
    /// Which app.
    pub app: AppId,
    /// Its installation in the shop.
    pub installation: InstallationId,
    /// Which webhook.
    pub webhook: AppWebhookId,
    /// What its manifest calls that.
    pub identifier: String,
    /// What it answered.
    pub value: Value,
    /// How old it is, if it is the last good answer to the same question, which stands for one that
    /// did not come.
    pub last_good: Option<Duration>,
}

impl fmt::Debug for SyncAnswer {
    /// Without what was answered, which may be about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncAnswer")
            .field("app", &self.app)
            .field("webhook", &self.webhook)
            .field("identifier", &self.identifier)
            .field("last_good", &self.last_good)
            .finish_non_exhaustive()
    }
}
