//! One attempt to deliver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use czo_core::describe;
use czo_fetch::{Answer, FetchError, HeaderMap, Outgoing};
use serde_json::Value;

use super::Shared;
use super::gate::Went;
use super::redact::headers_text;
use crate::delivery::dialect::without_nul;
use crate::delivery::headers::headers;
use crate::{AppWebhookId, InstallationId, MessageId, Webhook, WebhookDeliveryId};

/// How much of an answer is kept.
const KEPT_BODY: usize = 16 * 1024;

/// How long a message waits that can't be signed.
const UNSIGNED: Duration = Duration::from_secs(5);

/// A delivery on its way.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) position: i64,
    pub(super) id: WebhookDeliveryId,
    pub(super) webhook: AppWebhookId,
    pub(super) app: InstallationId,
    pub(super) event_type: String,
    pub(super) correlation_id: String,
    pub(super) body: Bytes,
    pub(super) lane: Option<String>,
    pub(super) attempts: u32,
    pub(super) sent: u32,
    pub(super) created_at: i64,
    /// Whether another of its lane comes first.
    pub(super) is_behind: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// The filter does not want it.
    Filtered,
    /// The receiver wants nothing more.
    Gone,
    Failed {
        went: Went,
        /// No sooner than this.
        not_before: Duration,
    },
    /// It could not be tried.
    Postponed {
        by: Duration,
    },
}

/// What is kept of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) at: i64,
    pub(super) status: Option<u16>,
    pub(super) request_headers: String,
    pub(super) response_headers: Option<String>,
    pub(super) response_body: Option<String>,
    pub(super) is_cut: bool,
    pub(super) duration: Duration,
}

/// An attempt that has ended.
#[derive(Clone, Debug)]
pub(super) struct Attempted {
    pub(super) delivery: Delivery,
    pub(super) outcome: Outcome,
    pub(super) error: Option<String>,
    /// Nothing when nothing was sent.
    pub(super) log: Option<Log>,
}

impl Attempted {
    /// An attempt that panicked: nobody knows what was sent.
    pub(super) fn panicked(delivery: Delivery) -> Self {
        let outcome = Outcome::Failed { went: Went::Badly, not_before: Duration::ZERO };
        Self::unsent(delivery, outcome, Some("the attempt panicked".to_owned()))
    }

    fn unsent(delivery: Delivery, outcome: Outcome, error: Option<String>) -> Self {
        Self { delivery, outcome, error, log: None }
    }
}

/// Tries to deliver.
pub(super) async fn attempt(
    shared: Arc<Shared>,
    webhook: Arc<Webhook>,
    delivery: Delivery,
) -> Attempted {
    if let Some(filter) = &webhook.filter {
        let event = serde_json::from_slice::<Value>(&delivery.body);
        let event = event.as_ref().ok().and_then(|body| body.get("data"));
        if !event.is_some_and(|event| filter.matches(event)) {
            return Attempted::unsent(delivery, Outcome::Filtered, None);
        }
    }
    let signer = match shared.signers.signer(delivery.app, delivery.webhook).await {
        Ok(signer) => signer,
        Err(error) => {
            let error = format!("it cannot be signed: {}", describe(&*error));
            let outcome = Outcome::Postponed { by: UNSIGNED };
            return Attempted::unsent(delivery, outcome, Some(error));
        }
    };
    let at = shared.database.now();
    let signed = signer.sign(&MessageId::of(delivery.id), at, &delivery.body);
    let headers = headers(&signed, &delivery.event_type, delivery.app, &delivery.correlation_id);
    let request_headers = headers_text(&headers);
    let outgoing = Outgoing::post(webhook.target_url.as_str(), delivery.body.clone());
    let outgoing =
        outgoing.headers(headers).deadline(shared.options.deadline).response_limit(KEPT_BODY);
    let began = Instant::now();
    let answer = shared.fetcher.send(outgoing).await;
    let duration = began.elapsed();
    if let Ok(answer) = &answer {
        // By two clocks, that of the database and this one's.
        let until = answer.timings.request_written_at.saturating_duration_since(began);
        let before = u64::try_from(at.timestamp_millis() - delivery.created_at);
        let latency = Duration::from_millis(before.unwrap_or_default()) + until;
        if delivery.sent == 0 {
            metrics::histogram!("czo_webhook_latency_seconds").record(latency.as_secs_f64());
        }
    }
    let (outcome, error) = judge(&shared, &answer, at);
    let mut log = Log {
        at: at.timestamp_millis(),
        status: None,
        request_headers,
        response_headers: None,
        response_body: None,
        is_cut: false,
        duration,
    };
    if let Ok(answer) = answer {
        log.status = Some(answer.status);
        log.response_headers = Some(headers_text(&answer.headers));
        log.response_body = Some(without_nul(&String::from_utf8_lossy(&answer.body)));
        log.is_cut = answer.is_cut;
    }
    Attempted { delivery, outcome, error, log: Some(log) }
}

/// What an answer means, and what is to be told of it.
fn judge(
    shared: &Shared,
    answer: &Result<Answer, FetchError>,
    at: DateTime<Utc>,
) -> (Outcome, Option<String>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let outcome = Outcome::Failed { went: Went::Badly, not_before: Duration::ZERO };
            return (outcome, Some(without_nul(&describe(error))));
        }
    };
    let status = answer.status;
    let error = Some(format!("the answer was status {status}"));
    let after = retry_after(&answer.headers, at);
    let not_before = after.unwrap_or_default().min(shared.options.longest_retry_after);
    let went = match status {
        200..=299 => return (Outcome::Delivered, None),
        410 => return (Outcome::Gone, error),
        429 => Went::Throttled { after, failed: false },
        502 | 504 => Went::Throttled { after, failed: true },
        503 if after.is_some() => Went::Throttled { after, failed: true },
        _ => Went::Badly,
    };
    (Outcome::Failed { went, not_before }, error)
}

/// How long the receiver asks to be left alone.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    date.with_timezone(&Utc).signed_duration_since(now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use czo_fetch::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("retry-after"),
                HeaderValue::from_static(text),
            )]);
            retry_after(&headers, now).map(|after| after.as_secs())
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Mon, 30 Nov 2026 12:01:00 GMT"), Some(60));
        for nothing in ["-1", "soon", "", "Mon, 30 Nov 2026 11:59:00 GMT"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
