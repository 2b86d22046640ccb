//! With what messages are signed.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::{AppWebhookId, InstallationId, Signer};

/// Knows with what messages to an app are signed: a secret, a key, or several while one is
/// replaced.
///
/// **Calls.** It is asked before the first message to a webhook and again when what it said is
/// [a while ago](crate::DispatcherOptions::keep_signers), from several tasks at once. While it
/// fails, messages wait and lose no attempt.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// The signer of messages to a webhook of an app.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from saying. The message is logged, so it holds no secret.
    async fn signer(
        &self,
        app: InstallationId,
        webhook: AppWebhookId,
    ) -> Result<Signer, Box<dyn Error + Send + Sync>>;
}

type Known = HashMap<AppWebhookId, (Instant, Arc<Signer>)>;

/// The signers that were asked for, for a while.
pub(crate) struct Signers {
    keys: Arc<dyn SigningKeys>,
    keep: Duration,
    known: Mutex<Known>,
}

impl Signers {
    pub(crate) fn new(keys: Arc<dyn SigningKeys>, keep: Duration) -> Self {
        Self { keys, keep, known: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn signer(
        &self,
        app: InstallationId,
        webhook: AppWebhookId,
    ) -> Result<Arc<Signer>, Box<dyn Error + Send + Sync>> {
        let known = self.known().get(&webhook).cloned();
        if let Some((at, signer)) = known
            && at.elapsed() < self.keep
        {
            return Ok(signer);
        }
        let signer = Arc::new(self.keys.signer(app, webhook).await?);
        self.known().insert(webhook, (Instant::now(), signer.clone()));
        Ok(signer)
    }

    /// Forgets a webhook that is not served any more.
    pub(crate) fn forget(&self, webhook: AppWebhookId) {
        self.known().remove(&webhook);
    }
}

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signers").field("known", &self.known().len()).finish_non_exhaustive()
    }
}
