//! An app: a real server that answers as the test wants.

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How the app answers one message.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// As it should.
    Right,
    /// With another challenge than it was given, or none.
    Body(&'static str),
    /// With this status, and with what it was sent.
    Status(u16),
    /// With an error that has nothing but the secrets that it was sent.
    Secrets,
    /// Never.
    Never,
    /// As it should, once the test [lets it](AppServer::let_go).
    Late,
    /// The beginning, and then nothing.
    Half,
    /// With more than anybody wants to read.
    Huge,
}

/// What the app was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Debug)]
struct Script {
    manifest: Bytes,
    challenge: Answer,
    installed: Answer,
    received: Vec<Received>,
}

/// An app that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct AppServer {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    arrived: Arc<Notify>,
    go: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

type Shared = (Arc<Mutex<Script>>, Arc<Notify>, Arc<Notify>);

impl AppServer {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script {
            manifest: Bytes::new(),
            challenge: Answer::Right,
            installed: Answer::Right,
            received: Vec::new(),
        }));
        let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let router = Router::new()
            .route("/manifest.json", get(manifest))
            .route("/handshake", post(handshake))
            .with_state((script.clone(), arrived.clone(), go.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, script, arrived, go, task }
    }

    /// What the app says of itself from now on.
    pub(crate) fn say(&self, manifest: &Value) {
        self.say_bytes(manifest.to_string());
    }

    pub(crate) fn say_bytes(&self, manifest: impl Into<Bytes>) {
        self.script.lock().unwrap().manifest = manifest.into();
    }

    pub(crate) fn answer_challenge(&self, answer: Answer) {
        self.script.lock().unwrap().challenge = answer;
    }

    pub(crate) fn answer_installed(&self, answer: Answer) {
        self.script.lock().unwrap().installed = answer;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.script.lock().unwrap().received.clone()
    }

    /// The message `app.installed` that came last.
    pub(crate) fn installed(&self) -> Received {
        let received = self.received().into_iter().rev();
        received.into_iter().find(|one| one.json()["type"] == "app.installed").unwrap()
    }

    /// The token that the app was given last.
    pub(crate) fn token(&self) -> String {
        self.installed().json()["token"].as_str().unwrap().to_owned()
    }

    /// Gives the answer that is late.
    pub(crate) fn let_go(&self) {
        self.go.notify_one();
    }

    /// Waits until so many messages have come.
    pub(crate) async fn wait_for(&self, number: usize) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                if self.received().len() >= number {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.unwrap();
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn manifest(State((script, ..)): State<Shared>) -> Bytes {
    script.lock().unwrap().manifest.clone()
}

async fn handshake(
    State((script, arrived, go)): State<Shared>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let message: Value = serde_json::from_slice(&bytes).unwrap();
    let answer = {
        let mut script = script.lock().unwrap();
        script.received.push(Received { headers, bytes: bytes.clone() });
        let is_challenge = message["type"] == "app.challenge";
        if is_challenge { script.challenge.clone() } else { script.installed.clone() }
    };
    arrived.notify_waiters();
    if matches!(answer, Answer::Late) {
        go.notified().await;
    }
    match answer {
        Answer::Right | Answer::Late => {
            Json(json!({ "challenge": message["challenge"], "more": 1 })).into_response()
        }
        Answer::Body(body) => body.into_response(),
        Answer::Status(status) => (StatusCode::from_u16(status).unwrap(), bytes).into_response(),
        Answer::Secrets => {
            let secrets = format!("{} {}", message["token"], message["signingSecret"]);
            (StatusCode::BAD_REQUEST, secrets).into_response()
        }
        Answer::Never => std::future::pending().await,
        Answer::Half => ([("content-length", "1000")], Body::new(Half(false))).into_response(),
        Answer::Huge => vec![b'x'; 1024 * 1024].into_response(),
    }
}

/// A body that begins and does not end.
struct Half(bool);

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        if std::mem::replace(&mut self.0, true) {
            return std::task::Poll::Pending;
        }
        let frame = hyper::body::Frame::data(Bytes::from_static(b"{\"challenge\":"));
        std::task::Poll::Ready(Some(Ok(frame)))
    }
}
