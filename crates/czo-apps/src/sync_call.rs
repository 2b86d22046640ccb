//! Questions to apps, whose answers are waited for (requirement APP 9).

mod answer;
mod ask;
mod breaker;
mod endpoint;
mod error;
mod last_good;
mod options;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use czo_core::{EventType, RequestContext};
use czo_fetch::Fetcher;
use czo_repo::Database;
use futures_util::future::try_join_all;
use serde_json::Value;
use tracing::Instrument;

pub use self::answer::SyncAnswer;
use self::ask::{Question, ask};
use self::endpoint::{Endpoint, Endpoints};
pub use self::error::{SyncCallError, SyncFailure};
use self::last_good::LastGood;
pub use self::options::SyncOptions;
use crate::delivery::dialect::Dialect;
use crate::dispatcher::Signers;
use crate::{OnFailure, SigningKeys};

/// Asks the apps of a shop, within a request that goes on with what they answer: what shipping
/// costs, what the tax is, whether a discount holds. Cheap to clone; clones are the same, with the
/// same breakers and last good answers, so a program has one.
///
/// **Promise.** [`call`](Self::call) takes no longer than the longest deadline that the manifests of
/// the asked webhooks declare (10 s at most), beside one query of the database: whoever hangs,
/// trickles or answers without end. An answer is status 2xx and JSON of bounded size that fits the
/// [schema](crate::SyncCall::response_schema) of the manifest; everything else is a failure. Each
/// app is asked once; nothing is tried again.
///
/// **Without an answer** it goes by [`OnFailure`] of the manifest. `closed`: the call fails with
/// [`SyncCallError::NoAnswer`]. `open`: there is no answer of this webhook, and a warning in the
/// log. `last_good`: the last good answer of this webhook to the same question (the same type and
/// payload, to the letter) that this process had, while it
/// [counts](SyncOptions::keep_last_good); without one it is `closed`. A new version of the manifest
/// that changes the webhook begins without.
///
/// **A message** is a `POST` of `{"type", "timestamp", "data"}`, where `data` is the payload, with
/// the headers of Standard Webhooks 1.0.0, signed with the keys of the app, and `X-CZO-Event`,
/// `X-CZO-App-Id` and `X-Correlation-Id`. A [`Filter`](crate::Filter) of the manifest is about this
/// message; whom it excludes is not asked.
///
/// **An app that is not there** costs its deadline a few times: after failures in a row (no answer in
/// time, no connection, 429, 5xx) the breaker of the webhook opens, and for a while its calls fail
/// at once; then one is let through at a time until it goes well. An answer that is wrong opens
/// nothing.
///
/// **Limits.** Breakers and last good answers are those of one process, and gone with it. The query of
/// the database is not part of the deadline. Whoever calls must not hold a transaction meanwhile: apps
/// answer in seconds. Asked are the apps that may read the resource of the question; a payload is what
/// all of them may see, whatever else they may.
#[derive(Clone)]
pub struct SyncWebhooks {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    find: String,
    fetcher: Fetcher,
    signers: Signers,
    endpoints: Endpoints,
    last_good: LastGood,
    options: SyncOptions,
}

impl SyncWebhooks {
    /// Asks the webhooks of `database`, whose tables `czo_migrations::apps()` makes.
    #[must_use]
    pub fn new(
        database: &Database,
        fetcher: Fetcher,
        keys: Arc<dyn SigningKeys>,
        options: SyncOptions,
    ) -> Self {
        let shared = Shared {
            database: database.clone(),
            find: store::find(Dialect::of(database)),
            fetcher,
            signers: Signers::new(keys, options.keep_signers),
            endpoints: Endpoints::default(),
            last_good: LastGood::new(options.keep_last_good, options.last_good_bytes),
            options,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks every active `sync` webhook of the shop that is for `question`, all at once, and
    /// answers with what they said: in the order in which the apps were installed, and of one app
    /// by the identifiers of its webhooks. Nobody to ask is no error.
    ///
    /// `question` is among the types of [`ManifestRules::event_types`](crate::ManifestRules), or no
    /// manifest can name it.
    ///
    /// **Cancellation.** What was sent is waited for in a task of its own, within its deadline, so
    /// that breakers learn of apps for which nobody waits long enough.
    ///
    /// # Errors
    ///
    /// [`SyncCallError::NoAnswer`] of the first app to fail without whose answer it does not go on,
    /// as soon as it fails; [`SyncCallError::NoShop`], and when the database fails.
    pub async fn call(
        &self,
        ctx: &RequestContext,
        question: &EventType,
        payload: &Value,
    ) -> Result<Vec<SyncAnswer>, SyncCallError> {
        self.call_for(ctx, question, payload, |_| true).await
    }

    /// Asks like [`call`](Self::call), for somebody who can't use every answer: one for which
    /// `fits` says no is a failure like one that breaks the app's schema, and no last good answer.
    /// One question is asked with one `fits` only.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn call_for(
        &self,
        ctx: &RequestContext,
        question: &EventType,
        payload: &Value,
        fits: fn(&Value) -> bool,
    ) -> Result<Vec<SyncAnswer>, SyncCallError> {
        let shop = ctx.shop()?;
        let shared = &self.shared;
        let found = store::found(&shared.database, &shared.find, question, shop).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let known = |found| shared.endpoints.get(found, |webhook| shared.signers.forget(webhook));
        let endpoints: Vec<_> = found.into_iter().map(known).collect();
        let (correlation, now) = (ctx.correlation_id.as_str().to_owned(), shared.database.now());
        let question = Arc::new(Question::new(question.clone(), payload, fits, correlation, now));
        let calls = wanting(endpoints, &question).into_iter().map(|endpoint| {
            let ask = ask(shared.clone(), endpoint.clone(), question.clone());
            let asked = tokio::spawn(ask.in_current_span());
            let question = &question;
            async move {
                let answer = asked.await.unwrap_or(Err(SyncFailure::Panicked));
                shared.decide(&endpoint, question, answer)
            }
        });
        let answers = try_join_all(calls).await?;
        Ok(answers.into_iter().flatten().collect())
    }
}

/// Those whose filter wants the question.
fn wanting(mut endpoints: Vec<Arc<Endpoint>>, question: &Question) -> Vec<Arc<Endpoint>> {
    let filter = |endpoint: &Endpoint| {
        endpoint.call.as_ref().and_then(|(webhook, _)| webhook.filter.clone())
    };
    if endpoints.iter().any(|endpoint| filter(endpoint).is_some()) {
        let message = question.message();
        endpoints.retain(|endpoint| filter(endpoint).is_none_or(|filter| filter.matches(&message)));
    }
    endpoints
}

impl Shared {
    /// What becomes of an answer, or of there being none.
    fn decide(
        &self,
        endpoint: &Endpoint,
        question: &Question,
        answer: Result<Value, SyncFailure>,
    ) -> Result<Option<SyncAnswer>, SyncCallError> {
        let failure = match answer {
            Ok(value) => return Ok(Some(endpoint.answered(value, None))),
            Err(failure) => failure,
        };
        let policy = endpoint.on_failure();
        let instead = match policy {
            OnFailure::Closed => None,
            OnFailure::Open => Some(None),
            OnFailure::LastGood => self.last_good(endpoint, question).map(Some),
        };
        let name = match (policy, &instead) {
            (OnFailure::Open, _) => "open",
            (_, Some(_)) => "last_good",
            (_, None) => "closed",
        };
        metrics::counter!("czo_sync_webhook_fallbacks_total", "policy" => name).increment(1);
        let Some(instead) = instead else {
            return Err(SyncCallError::NoAnswer {
                app: endpoint.app.clone(),
                installation: endpoint.installation,
                webhook: endpoint.webhook,
                identifier: endpoint.identifier.clone(),
                question: question.event_type.clone(),
                failure: Box::new(failure),
            });
        };
        let Endpoint { app, webhook, .. } = endpoint;
        let question = &question.event_type;
        // That the breaker opened was said once.
        if matches!(failure, SyncFailure::Open { .. }) {
            tracing::debug!(%app, %webhook, %question, instead = name, "no answer: {failure}");
        } else {
            tracing::warn!(%app, %webhook, %question, instead = name, "no answer: {failure}");
        }
        Ok(instead)
    }

    fn last_good(&self, endpoint: &Endpoint, question: &Question) -> Option<SyncAnswer> {
        let (body, age) = self.last_good.get(&question.key(endpoint), Instant::now())?;
        let value = serde_json::from_slice(&body).ok()?;
        Some(endpoint.answered(value, Some(age)))
    }
}

impl Endpoint {
    fn answered(&self, value: Value, last_good: Option<std::time::Duration>) -> SyncAnswer {
        SyncAnswer {
            app: self.app.clone(),
            installation: self.installation,
            webhook: self.webhook,
            identifier: self.identifier.clone(),
            value,
            last_good,
        }
    }
}

impl fmt::Debug for SyncWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncWebhooks")
            .field("database", self.shared.database.url())
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
