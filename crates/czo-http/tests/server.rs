//! How connections begin and end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use czo_http::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    drained: JoinHandle<bool>,
}

async fn start(router: Router, drain: Duration) -> Running {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), router).await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let drained = tokio::spawn(server.run(async { drop(stopped.await) }, drain));
    Running { address, stop, drained }
}

/// A route that tells when it has begun, and answers when it may.
fn slow() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), go.clone());
    let answer = move || async move {
        tell.notify_one();
        wait.notified().await;
        "done"
    };
    (Router::new().route("/", get(answer)), begun, go)
}

async fn send(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_new_connections_are_refused() {
    let (router, begun, go) = slow();
    let running = start(router, Duration::from_secs(10)).await;
    let mut stream = send(running.address).await;
    begun.notified().await;
    running.stop.send(()).unwrap();
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert!(running.drained.await.unwrap());
}

#[tokio::test]
async fn draining_ends_at_its_deadline() {
    let (router, begun, _go) = slow();
    let running = start(router, Duration::from_millis(50)).await;
    let _stream = send(running.address).await;
    begun.notified().await;
    running.stop.send(()).unwrap();
    assert!(!running.drained.await.unwrap());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let running = start(Router::new(), Duration::from_secs(10)).await;
    let mut stream = send(running.address).await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 404");
    running.stop.send(()).unwrap();
    assert!(running.drained.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_its_request_head_is_cut_off() {
    let running = start(Router::new(), Duration::from_secs(10)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    drop(running.stop);
}

#[tokio::test]
async fn an_address_in_use_is_refused() {
    let running = start(Router::new(), Duration::ZERO).await;
    let error = Server::bind(running.address, Router::new()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(running.stop);
}
