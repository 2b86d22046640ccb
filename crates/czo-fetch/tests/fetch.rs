//! A fetcher asks a server of the test's own, which the options name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use czo_core::Classified;
use czo_fetch::{FetchError, FetchOptions, Fetched, Fetcher};
use futures_util::stream;
use tokio::net::TcpListener;

/// A server, and a fetcher that may ask it.
struct Outside {
    fetcher: Fetcher,
    port: u16,
}

impl Outside {
    async fn with(router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut options = FetchOptions::default();
        options.allow.push(format!("127.0.0.1:{port}").parse().unwrap());
        options.timeout = Duration::from_millis(700);
        Self { fetcher: Fetcher::new(options), port }
    }

    async fn get(&self, path: &str) -> Result<Fetched, FetchError> {
        self.fetcher.get(&format!("http://127.0.0.1:{}{path}", self.port), 1_000).await
    }
}

async fn refused(url: &str) -> FetchError {
    Fetcher::default().get(url, 1_000).await.unwrap_err()
}

#[tokio::test]
async fn what_is_there_is_fetched_with_its_type() {
    let page = get(|headers: HeaderMap| async move {
        assert_eq!(headers[header::USER_AGENT], "czo/0.1.0");
        ([(header::CONTENT_TYPE, "image/png")], "a picture")
    });
    let outside = Outside::with(Router::new().route("/a", page)).await;
    let fetched = outside.get("/a#fragment").await.unwrap();
    assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
    assert_eq!(&fetched.body[..], b"a picture");
}

#[tokio::test]
async fn what_is_inside_is_refused_however_it_is_written() {
    let fetcher = Fetcher::default();
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1:8080/",
        "http://0.0.0.0/",
        "http://0/",
        "https://192.168.1.1/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://１２７.0.0.1/",
        "http://localhost/",
        "http://localhost:5432/",
        "http://LOCALHOST./",
        "http://a.localhost/",
    ] {
        for error in [refused(url).await, fetcher.check(url).unwrap_err()] {
            assert!(matches!(error, FetchError::Refused { .. }), "{url}: {error:?}");
            assert!(!error.is_retryable());
        }
    }
}

#[tokio::test]
async fn only_http_without_a_password_is_fetched() {
    for url in [
        "",
        "no url",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,a",
        "http://",
        "http://name@example.com/",
        "http://name:password@example.com/",
        "http://:password@example.com/",
        "http://nobody.invalid/",
        "https://images.shop.example/1.jpg",
    ] {
        let error = refused(url).await;
        assert!(matches!(error, FetchError::Url { .. }), "{url}: {error:?}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn what_is_allowed_at_one_port_is_refused_at_another() {
    let outside = Outside::with(Router::new()).await;
    let error = outside.fetcher.get("http://127.0.0.1:1/", 1).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error:?}");
    let error = outside.fetcher.get(&format!("http://localhost:{}/", outside.port), 1).await;
    assert!(matches!(error, Err(FetchError::Refused { .. })), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_followed_and_looked_at_like_any_url() {
    let to = |target: &'static str| get(move || async move { Redirect::temporary(target) });
    let router = Router::new()
        .route("/near", to("/there"))
        .route("/there", get(|| async { "here" }))
        .route("/inside", to("http://127.0.0.1:1/"))
        .route("/metadata", to("http://169.254.169.254/latest/"))
        .route("/file", to("file:///etc/passwd"))
        .route("/round", to("/round"));
    let outside = Outside::with(router).await;
    assert_eq!(&outside.get("/near").await.unwrap().body[..], b"here");
    for inside in ["/inside", "/metadata"] {
        let error = outside.get(inside).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{inside}: {error:?}");
    }
    assert!(matches!(outside.get("/file").await, Err(FetchError::Url { .. })));
    let error = outside.get("/round").await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects { limit: 3 }), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let endless = get(|| async {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 100])))
    });
    let declared = get(|| async { vec![0_u8; 1_001] });
    let exact = get(|| async { vec![0_u8; 1_000] });
    let router = Router::new();
    let router = router.route("/endless", endless).route("/declared", declared);
    let outside = Outside::with(router.route("/exact", exact)).await;
    for large in ["/endless", "/declared"] {
        let error = outside.get(large).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { limit: 1_000 }), "{large}: {error:?}");
        assert!(!error.is_retryable());
    }
    assert_eq!(outside.get("/exact").await.unwrap().body.len(), 1_000);
}

#[tokio::test]
async fn one_deadline_covers_the_whole_exchange() {
    let silent = get(|| async { std::future::pending::<()>().await });
    // A byte now and then, for ever.
    let trickle = get(|| async {
        Body::from_stream(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok::<_, std::io::Error>("a"), ()))
        }))
    });
    let outside =
        Outside::with(Router::new().route("/silent", silent).route("/trickle", trickle)).await;
    for slow in ["/silent", "/trickle"] {
        let error = outside.get(slow).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { .. }), "{slow}: {error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_status_is_tried_again_when_it_may_pass() {
    let status = |code: u16| get(move || async move { StatusCode::from_u16(code).unwrap() });
    let codes = [(400, false), (401, false), (404, false), (410, false), (304, false)];
    let codes = codes.into_iter().chain([(408, true), (429, true), (500, true), (503, true)]);
    let mut router = Router::new();
    for (code, _) in codes.clone() {
        router = router.route(&format!("/{code}"), status(code));
    }
    let outside = Outside::with(router).await;
    for (code, passes) in codes {
        let error = outside.get(&format!("/{code}")).await.unwrap_err();
        assert!(matches!(error, FetchError::Status { status } if status == code), "{error:?}");
        assert_eq!(error.is_retryable(), passes, "{code}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_may_be_there_later() {
    let mut options = FetchOptions::default();
    options.allow.push("nobody.invalid:80".parse().unwrap());
    let error = Fetcher::new(options).get("http://nobody.invalid/", 1).await.unwrap_err();
    assert!(matches!(error, FetchError::Unresolved { .. }), "{error:?}");
    assert!(error.is_retryable());

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut options = FetchOptions::default();
    options.allow.push(format!("127.0.0.1:{port}").parse().unwrap());
    let nobody = Fetcher::new(options).get(&format!("http://127.0.0.1:{port}/"), 1).await;
    let error = nobody.unwrap_err();
    assert!(matches!(error, FetchError::Connection(_)), "{error:?}");
    assert!(error.is_retryable());
}
