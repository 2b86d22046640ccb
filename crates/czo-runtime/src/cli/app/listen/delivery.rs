//! One delivery.

use std::sync::Arc;

use chrono::Utc;
use czo_apps::{HttpUrl, ReceivedHeaders};
use czo_core::describe;
use czo_fetch::{Fetcher, Outgoing};
use czo_http::axum::body::Bytes;
use czo_http::axum::extract::State;
use czo_http::axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::Desk;
use crate::cli::app::secrets::without_secrets;
use crate::cli::output::{one_line, print};

pub(super) async fn receive(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (status, verdict) = desk.judge(&headers, &body).await;
    print(&line(&headers, &body, &verdict));
    if desk.shows_body {
        print(&shown(&String::from_utf8_lossy(&body)));
    }
    status
}

impl Desk {
    /// What is answered, and why.
    async fn judge(&self, headers: &HeaderMap, body: &Bytes) -> (StatusCode, String) {
        let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let verified = ReceivedHeaders::find(get)
            .and_then(|received| self.verifier.verify(&received, body, Utc::now()));
        match (verified, &self.forward) {
            (Err(error), _) => (StatusCode::UNAUTHORIZED, format!("refused: {error}")),
            (Ok(_), None) => (StatusCode::NO_CONTENT, "verified".to_owned()),
            (Ok(_), Some((url, fetcher))) => forward(url, fetcher, headers, body).await,
        }
    }
}

/// The answer of the app.
async fn forward(
    url: &HttpUrl,
    fetcher: &Fetcher,
    headers: &HeaderMap,
    body: &Bytes,
) -> (StatusCode, String) {
    let outgoing = Outgoing::post(url.as_str(), body.clone()).headers(headers.clone());
    match fetcher.send(outgoing).await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, format!("verified, forwarded: {}", answer.status))
        }
        Err(error) => {
            let why = format!("verified, not forwarded: {}", describe(&error));
            (StatusCode::BAD_GATEWAY, why)
        }
    }
}

/// Id, type and verdict. The first two are as they were said, which proves nothing.
fn line(headers: &HeaderMap, body: &[u8], verdict: &str) -> String {
    let id = headers.get(czo_apps::header::ID).and_then(|id| id.to_str().ok()).unwrap_or("-");
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let event_type = body["type"].as_str().unwrap_or("-");
    shown(&format!("{id} {event_type} {verdict}"))
}

/// In one line, without what nobody is to see.
fn shown(text: &str) -> String {
    without_secrets(&one_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_orders_for_the_terminal_and_no_secrets() {
        let body = "{\"type\":\"product\\u001b[2J czoapp_abc\"}";
        let mut headers = HeaderMap::new();
        assert_eq!(line(&headers, body.as_bytes(), "refused"), "- product [2J czoapp_… refused");
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        assert_eq!(line(&headers, b"?", "refused"), "msg_1 - refused");
    }
}
