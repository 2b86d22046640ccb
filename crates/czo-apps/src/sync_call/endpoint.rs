//! The webhooks that are asked, as this process knows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use czo_core::FieldError;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::SyncOptions;
use super::breaker::{Breaker, Went};
use super::error::SyncFailure;
use super::store::Found;
use crate::manifest::ResponseCheck;
use crate::{AppId, AppWebhookId, InstallationId, OnFailure, SyncCall, Webhook};

/// From how many on it is looked which of them nobody needs any more, and after how long that is.
const MANY: usize = 1_024;
const UNUSED: Duration = Duration::from_secs(3_600);

/// A webhook as one manifest has it: what it says, its schema compiled, and its breaker. With
/// another manifest it is another one.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) webhook: AppWebhookId,
    pub(super) installation: InstallationId,
    pub(super) app: AppId,
    pub(super) identifier: String,
    /// What the manifest says, unless that can't be read.
    pub(super) call: Option<(Webhook, SyncCall)>,
    /// Tells this definition from every other.
    pub(super) digest: [u8; 32],
    /// Nothing within, if it does not compile.
    check: OnceLock<Option<ResponseCheck>>,
    breaker: Mutex<Breaker>,
}

impl Endpoint {
    fn new(found: Found, digest: [u8; 32]) -> Self {
        let read = serde_json::from_str::<Webhook>(&found.definition);
        let call = read.ok().and_then(|webhook| {
            let call = webhook.sync.clone()?;
            Some((webhook, call))
        });
        Self {
            webhook: found.webhook,
            installation: found.installation,
            app: found.app,
            identifier: found.identifier,
            call,
            digest,
            check: OnceLock::new(),
            breaker: Mutex::default(),
        }
    }

    /// What happens without an answer. What nobody can read is not passed over.
    pub(super) fn on_failure(&self) -> OnFailure {
        self.call.as_ref().map_or(OnFailure::Closed, |(_, call)| call.on_failure)
    }

    pub(super) fn has_schema(&self) -> bool {
        self.call.as_ref().is_some_and(|(_, call)| call.response_schema.is_some())
    }

    /// Something that is wrong with an answer, by the schema, which is compiled the first time. It may take
    /// a while.
    pub(super) fn violation(&self, answer: &Value) -> Result<Option<FieldError>, SyncFailure> {
        let Some((_, call)) = &self.call else { return Err(SyncFailure::Unreadable) };
        let Some(schema) = &call.response_schema else { return Ok(None) };
        let check = self.check.get_or_init(|| schema.compile());
        let check = check.as_ref().ok_or(SyncFailure::Unreadable)?;
        Ok(check.violation(answer))
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that may be made. Dropped, it says how it went.
#[derive(Debug)]
pub(super) struct Permit {
    endpoint: Arc<Endpoint>,
    options: SyncOptions,
    went: Went,
}

impl Permit {
    pub(super) fn take(
        endpoint: &Arc<Endpoint>,
        options: &SyncOptions,
    ) -> Result<Self, SyncFailure> {
        endpoint.breaker().enter(options, Instant::now())?;
        // Until it is known otherwise: a call that panicks has failed.
        let went = Went::Badly;
        Ok(Self { endpoint: endpoint.clone(), options: options.clone(), went })
    }

    pub(super) fn went(mut self, went: Went) {
        self.went = went;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Endpoint { webhook, app, .. } = &*self.endpoint;
        let opened = self.endpoint.breaker().leave(self.went, &self.options, Instant::now());
        if let Some(pause) = opened {
            let milliseconds = pause.as_millis();
            tracing::warn!(%app, %webhook, milliseconds, "a sync webhook fails, and is left alone");
            metrics::counter!("czo_sync_webhook_trips_total").increment(1);
        }
    }
}

/// The webhooks that were asked.
#[derive(Debug, Default)]
pub(super) struct Endpoints(Mutex<HashMap<AppWebhookId, (Instant, Arc<Endpoint>)>>);

impl Endpoints {
    /// The webhook as it is now. Those that were not asked for long are told to `forget`.
    pub(super) fn get(&self, found: Found, forget: impl Fn(AppWebhookId)) -> Arc<Endpoint> {
        let (id, now) = (found.webhook, Instant::now());
        let digest: [u8; 32] = Sha256::new()
            .chain_update(id.uuid().as_bytes())
            .chain_update(&found.definition)
            .finalize()
            .into();
        if let Some((used, endpoint)) = self.known().get_mut(&id)
            && endpoint.digest == digest
        {
            *used = now;
            return endpoint.clone();
        }
        let endpoint = Arc::new(Endpoint::new(found, digest));
        let mut known = self.known();
        // Another call may have been first: there is one breaker.
        let (used, kept) = known.entry(id).or_insert_with(|| (now, endpoint.clone()));
        *used = now;
        if kept.digest != digest {
            *kept = endpoint;
        }
        let kept = kept.clone();
        if known.len() >= MANY {
            let is_used = |id: &AppWebhookId, used: &mut (Instant, Arc<Endpoint>)| {
                let is_used = now.duration_since(used.0) < UNUSED;
                if !is_used {
                    forget(*id);
                }
                is_used
            };
            known.retain(is_used);
        }
        kept
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AppWebhookId, (Instant, Arc<Endpoint>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
