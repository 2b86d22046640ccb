//! One request, one answer, whatever the receiver does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::{any, post};
use czo_core::Classified;
use czo_fetch::{Answer, FetchError, FetchOptions, Fetcher, HeaderValue, Method, Outgoing};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How long an exchange has that is to fail for its deadline.
const SHORT: Duration = Duration::from_millis(300);

fn fetcher(port: u16) -> Fetcher {
    let mut options = FetchOptions::default();
    options.allow.push(format!("127.0.0.1:{port}").parse().unwrap());
    Fetcher::new(options)
}

/// A server, and a fetcher that may ask it.
struct Outside {
    fetcher: Fetcher,
    port: u16,
}

impl Outside {
    async fn with(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { fetcher: fetcher(port), port }
    }

    fn post(&self, path: &str) -> Outgoing {
        Outgoing::post(format!("http://127.0.0.1:{}{path}", self.port), "a body")
    }

    async fn answer(&self, path: &str) -> Answer {
        self.fetcher.send(self.post(path)).await.unwrap()
    }
}

/// A server that does to each connection, byte by byte, what it is told.
async fn raw<F: Future<Output = ()> + Send + 'static>(
    scheme: &str,
    talk: impl Fn(TcpStream) -> F + Send + 'static,
) -> (Fetcher, Outgoing) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    (fetcher(port), Outgoing::post(format!("{scheme}://127.0.0.1:{port}/"), "a body"))
}

async fn is_late(fetcher: &Fetcher, outgoing: Outgoing) {
    let began = Instant::now();
    let error = fetcher.send(outgoing.deadline(SHORT)).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { after: SHORT }), "{error:?}");
    assert!(error.is_retryable() && began.elapsed() >= SHORT);
}

#[tokio::test]
async fn what_is_sent_arrives_and_what_is_answered_comes_back() {
    let echo = any(|method: Method, headers: HeaderMap, body: Bytes| async move {
        assert_eq!(method, Method::PUT);
        assert_eq!(headers["x-a"], "1");
        assert_eq!(headers[header::USER_AGENT], "czo/0.1.0");
        assert_ne!(headers[header::HOST], "elsewhere");
        (StatusCode::CREATED, [("x-b", "2")], body)
    });
    let outside = Outside::with(Router::new().route("/", echo)).await;
    let mut outgoing = outside.post("/");
    outgoing.method = Method::PUT;
    outgoing.headers.insert("x-a", HeaderValue::from_static("1"));
    outgoing.headers.insert(header::HOST, HeaderValue::from_static("elsewhere"));
    outgoing.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    let began = Instant::now();
    let answer = outside.fetcher.send(outgoing).await.unwrap();
    assert_eq!((answer.status, &answer.headers["x-b"]), (201, &HeaderValue::from_static("2")));
    assert_eq!((&answer.body[..], answer.is_cut), (&b"a body"[..], false));
    let timings = answer.timings;
    assert!(timings.connect.unwrap() <= timings.first_byte);
    assert!(timings.first_byte <= timings.total);
    assert!(timings.request_written_at > began + timings.connect.unwrap());
    assert!(timings.request_written_at <= began + timings.total);
}

#[tokio::test]
async fn a_status_is_an_answer_and_a_redirect_is_followed_by_nobody() {
    let redirect = post(|| async { Redirect::temporary("http://169.254.169.254/latest/") });
    let router = Router::new().route("/away", redirect);
    let outside = Outside::with(router.route("/gone", post(|| async { StatusCode::GONE }))).await;
    let answer = outside.answer("/away").await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.headers[header::LOCATION], "http://169.254.169.254/latest/");
    assert_eq!(outside.answer("/gone").await.status, 410);
    assert_eq!(outside.answer("/nowhere").await.status, 404);
}

#[tokio::test]
async fn of_a_large_answer_the_beginning_is_read() {
    let large = post(|| async {
        let chunk = Bytes::from(vec![b'a'; 1 << 20]);
        let chunks = (0..20).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
        Body::from_stream(stream::iter(chunks))
    });
    let exact = post(|| async { vec![b'a'; 1_000] });
    let outside = Outside::with(Router::new().route("/", large).route("/exact", exact)).await;
    let send = async |path| outside.fetcher.send(outside.post(path).response_limit(1_000)).await;
    let answer = send("/").await.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (1_000, true));
    let answer = send("/exact").await.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (1_000, false));
}

#[tokio::test]
async fn one_deadline_covers_connecting_tls_the_head_and_the_body() {
    // Connections beyond the backlog are not answered.
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let crowd: Vec<_> = (0..8).map(|_| tokio::spawn(TcpStream::connect(address))).collect();
    let waiting = Outgoing::post(format!("http://{address}/"), "");
    is_late(&fetcher(address.port()), waiting).await;
    crowd.iter().for_each(tokio::task::JoinHandle::abort);

    let silence = async |mut stream: TcpStream| {
        let mut buffer = [0; 4_096];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    let (tls, outgoing) = raw("https", silence).await;
    is_late(&tls, outgoing).await;
    let (head, outgoing) = raw("http", silence).await;
    is_late(&head, outgoing).await;

    let trickle = async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4_096]).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        // A byte now and then, until nobody listens.
        while stream.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (body, outgoing) = raw("http", trickle).await;
    is_late(&body, outgoing).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let (fetcher, outgoing) = raw("http", async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4_096]).await;
        let part = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na part";
        stream.write_all(part).await.unwrap();
    })
    .await;
    let error = fetcher.send(outgoing).await.unwrap_err();
    assert!(matches!(error, FetchError::Connection(_)) && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn what_is_inside_is_not_sent_to() {
    let outside = Outside::with(Router::new()).await;
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost/",
    ] {
        let error = outside.fetcher.send(Outgoing::post(url, "")).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{url}: {error:?}");
    }
    for url in ["ftp://example.com/", "https://name:word@example.com/", "no url"] {
        let error = outside.fetcher.send(Outgoing::post(url, "")).await.unwrap_err();
        assert!(matches!(error, FetchError::Url { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let peers = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = peers.clone();
    let note = post(move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
        let seen = seen.clone();
        async move { seen.lock().unwrap().insert(peer).to_string() }
    });
    let outside = Outside::with(Router::new().route("/", note)).await;
    assert!(outside.answer("/").await.timings.connect.is_some());
    for _ in 0..5 {
        let before = Instant::now();
        let timings = outside.answer("/").await.timings;
        assert_eq!(timings.connect, None);
        assert!(timings.request_written_at >= before);
    }
    assert_eq!(peers.lock().unwrap().len(), 1);
}

#[test]
fn what_is_sent_is_in_no_debug() {
    let mut outgoing = Outgoing::post("https://example.com/", "a secret");
    outgoing.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    assert!(!format!("{outgoing:?}").contains("secret"));
}
