//! One question to one app.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use czo_core::{EventType, SystemIds};
use czo_fetch::{FetchError, HeaderValue, Outgoing};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Shared;
use super::breaker::Went;
use super::endpoint::{Endpoint, Permit};
use super::error::SyncFailure;
use super::last_good::Key;
use crate::delivery::headers::headers;
use crate::{MessageId, OnFailure};

czo_core::typed_id! {
    /// Identifies a question to one app.
    pub(super) struct QuestionId("msg");
}

/// What is asked, of however many apps.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) event_type: EventType,
    pub(super) correlation_id: String,
    at: DateTime<Utc>,
    body: Bytes,
    /// Of the type and the payload.
    digest: [u8; 32],
    /// Whether whoever asks can use an answer.
    fits: fn(&Value) -> bool,
}

/// The body of a message, as Standard Webhooks has it.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: String,
    data: &'a Value,
}

impl Question {
    pub(super) fn new(
        event_type: EventType,
        payload: &Value,
        fits: fn(&Value) -> bool,
        correlation_id: String,
        at: DateTime<Utc>,
    ) -> Self {
        let body = Body {
            event_type: event_type.as_str(),
            timestamp: at.to_rfc3339_opts(SecondsFormat::Micros, true),
            data: payload,
        };
        let body = serde_json::to_vec(&body).expect("texts and a JSON value have a JSON form");
        let digest = Sha256::new()
            .chain_update(event_type.as_str())
            .chain_update([0])
            .chain_update(payload.to_string())
            .finalize()
            .into();
        Self { event_type, correlation_id, at, body: body.into(), digest, fits }
    }

    /// What is matched by filters: the message.
    pub(super) fn message(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What the answer of a webhook to this is kept by.
    pub(super) fn key(&self, endpoint: &Endpoint) -> Key {
        Sha256::new().chain_update(endpoint.digest).chain_update(self.digest).finalize().into()
    }
}

/// Asks, and notes how it went. A good answer is kept where the manifest wants that.
pub(super) async fn ask(
    shared: Arc<Shared>,
    endpoint: Arc<Endpoint>,
    question: Arc<Question>,
) -> Result<Value, SyncFailure> {
    let began = Instant::now();
    let (answer, is_asked) = match Permit::take(&endpoint, &shared.options) {
        Ok(permit) => {
            let answer = exchange(&shared, &endpoint, &question).await;
            permit.went(answer.as_ref().map_or_else(SyncFailure::went, |_| Went::Well));
            (answer, true)
        }
        Err(refused) => (Err(refused), false),
    };
    let outcome = answer.as_ref().map_or_else(SyncFailure::outcome, |_| "answered");
    metrics::counter!("czo_sync_webhook_calls_total", "outcome" => outcome).increment(1);
    if is_asked {
        metrics::histogram!("czo_sync_webhook_duration_seconds", "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
    }
    let (value, body) = answer?;
    if endpoint.on_failure() == OnFailure::LastGood {
        shared.last_good.put(question.key(&endpoint), &body, Instant::now());
    }
    Ok(value)
}

/// Everything, from the signature to the checked answer, in the time that the manifest gives.
async fn exchange(
    shared: &Shared,
    endpoint: &Arc<Endpoint>,
    question: &Question,
) -> Result<(Value, Bytes), SyncFailure> {
    let Some((webhook, call)) = &endpoint.call else { return Err(SyncFailure::Unreadable) };
    let deadline = Duration::from_millis(call.deadline_milliseconds.into());
    let exchange = async {
        let signer = shared.signers.signer(endpoint.installation, endpoint.webhook).await;
        let signer = signer.map_err(SyncFailure::Unsigned)?;
        let id = MessageId::of(QuestionId::generate(&SystemIds));
        let signed = signer.sign(&id, question.at, &question.body);
        let (event_type, app) = (question.event_type.as_str(), endpoint.installation);
        let mut headers = headers(&signed, event_type, app, &question.correlation_id);
        headers.insert("accept", HeaderValue::from_static("application/json"));
        let limit = shared.options.response_limit;
        let outgoing = Outgoing::post(webhook.target_url.as_str(), question.body.clone());
        let outgoing = outgoing.headers(headers).deadline(deadline).response_limit(limit);
        let answer = shared.fetcher.send(outgoing).await.map_err(|error| match error {
            FetchError::Timeout { .. } => SyncFailure::Timeout { deadline },
            error => SyncFailure::Unreachable(error),
        })?;
        if !(200..300).contains(&answer.status) {
            return Err(SyncFailure::Status { status: answer.status });
        }
        if answer.is_cut {
            return Err(SyncFailure::TooLarge { limit });
        }
        let (value, body) = checked(endpoint, answer.body).await?;
        if (question.fits)(&value) { Ok((value, body)) } else { Err(SyncFailure::Unfit) }
    };
    // Boxed: it is part of the future of each request.
    let exchange = Box::pin(exchange);
    let timeout = tokio::time::timeout(deadline, exchange).await;
    timeout.unwrap_or(Err(SyncFailure::Timeout { deadline }))
}

/// The answer as JSON that fits the schema.
async fn checked(endpoint: &Arc<Endpoint>, body: Bytes) -> Result<(Value, Bytes), SyncFailure> {
    let value: Value = serde_json::from_slice(&body).map_err(|_| SyncFailure::NotJson)?;
    if !endpoint.has_schema() {
        return Ok((value, body));
    }
    // An app writes both the schema and the answer. What checking takes is bounded, but by seconds:
    // no thread is held up on which others are served, and nobody waits longer than the deadline.
    let endpoint = endpoint.clone();
    let check = move || match endpoint.violation(&value)? {
        None => Ok(value),
        Some(field) => Err(SyncFailure::Schema { field }),
    };
    let value = tokio::task::spawn_blocking(check).await.map_err(|_| SyncFailure::Panicked)??;
    Ok((value, body))
}
