//! A receiver of webhooks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use czo_fetch::{FetchOptions, Fetcher};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// As long as something may take; nothing waits for it when all is well.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What the receiver does with a message.
#[derive(Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// With a header.
    With(u16, &'static str, &'static str),
    Body(Vec<u8>),
    /// Not before [`Receiver::let_go`].
    Hang,
    /// With this, not before [`Receiver::let_go`].
    BodyOnceLet(Vec<u8>),
    /// A byte now and then, for ever.
    Trickle,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The number that the event tells of.
    pub(crate) fn number(&self) -> i64 {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["data"]["data"]["number"].as_i64().unwrap()
    }
}

/// A receiver of webhooks, which notes everything and answers as it is told, each path by itself.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    messages: Mutex<Vec<Message>>,
    /// The last one for ever.
    answers: Mutex<HashMap<String, Vec<Answer>>>,
    gate: Semaphore,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            messages: Mutex::default(),
            answers: Mutex::default(),
            gate: Semaphore::new(0),
        });
        let router = Router::new().route("/{path}", post(receive)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// A fetcher that may ask it, and nobody else here.
    pub(crate) fn fetcher(&self) -> Fetcher {
        let mut options = FetchOptions::default();
        options.allow.push(format!("127.0.0.1:{}", self.port).parse().unwrap());
        options.idle_per_host = 64;
        Fetcher::new(options)
    }

    /// What it answers at a path, one after the other; the last one for ever.
    pub(crate) fn answers(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers = answers.into_iter().collect();
        self.shared.answers.lock().unwrap().insert(path.to_owned(), answers);
    }

    /// Answers those that hang, now and later.
    pub(crate) fn let_go(&self) {
        self.shared.gate.close();
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().unwrap().clone()
    }

    pub(crate) fn at(&self, path: &str) -> Vec<Message> {
        self.messages().into_iter().filter(|message| message.path == path).collect()
    }

    pub(crate) fn numbers(&self, path: &str) -> Vec<i64> {
        self.at(path).iter().map(Message::number).collect()
    }

    /// Waits until so many messages have arrived at a path.
    pub(crate) async fn has(&self, path: &str, count: usize) -> Vec<Message> {
        let wait = async {
            while self.at(path).len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(LONG, wait).await.is_err() {
            panic!("{} messages arrived at {path}, not {count}", self.at(path).len());
        }
        self.at(path)
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let answer = {
        let mut answers = shared.answers.lock().unwrap();
        let answers = answers.get_mut(&path);
        answers.map_or(Answer::Status(204), |answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        })
    };
    shared.messages.lock().unwrap().push(Message { path, headers, body });
    let response = |status: u16| Response::builder().status(status);
    match answer {
        Answer::Status(status) => response(status).body(Body::empty()).unwrap(),
        Answer::With(status, name, value) => {
            response(status).header(name, value).body(Body::from("said with it")).unwrap()
        }
        Answer::Body(body) => response(200).body(Body::from(body)).unwrap(),
        Answer::BodyOnceLet(body) => {
            let _ = shared.gate.acquire().await;
            response(200).body(Body::from(body)).unwrap()
        }
        Answer::Trickle => {
            let trickle = futures_util::stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
            });
            response(200).body(Body::from_stream(trickle)).unwrap()
        }
        Answer::Hang => {
            let _ = shared.gate.acquire().await;
            response(204).body(Body::empty()).unwrap()
        }
    }
}
