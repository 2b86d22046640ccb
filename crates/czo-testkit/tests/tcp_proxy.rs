//! A proxy before a server that says everything back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::ErrorKind;
use std::time::Duration;

use czo_testkit::TcpProxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a test waits for what must not come.
const MOMENT: Duration = Duration::from_millis(100);

/// A server that says everything back, and its port.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    port
}

async fn connect(proxy: &TcpProxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
}

async fn hear(client: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut heard = vec![0; length];
    timeout(PATIENCE, client.read_exact(&mut heard)).await.expect("an answer in time").unwrap();
    heard
}

/// The connection has ended, in whatever way.
async fn has_ended(client: &mut TcpStream) -> bool {
    let read = timeout(PATIENCE, client.read(&mut [0; 1])).await.expect("an end in time");
    matches!(read, Ok(0) | Err(_))
}

#[tokio::test]
async fn everything_passes_in_order_also_after_the_end_of_one_direction() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    proxy.delay(Duration::from_millis(20));
    let mut client = connect(&proxy).await;
    let said: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let (mut from, mut to) = client.split();
    let speak = async {
        to.write_all(&said).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (_, length) = tokio::join!(speak, timeout(PATIENCE, from.read_to_end(&mut heard)));
    assert_eq!(length.expect("an end in time").unwrap(), said.len());
    assert!(heard == said);
}

#[tokio::test]
async fn a_cut_ends_all_connections_and_new_ones_are_made() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    let mut clients = [connect(&proxy).await, connect(&proxy).await];
    for client in &mut clients {
        client.write_all(b"hi").await.unwrap();
        hear(client, 2).await;
    }
    proxy.cut().await;
    for client in &mut clients {
        assert!(has_ended(client).await);
    }
    let mut client = connect(&proxy).await;
    client.write_all(b"hi").await.unwrap();
    assert_eq!(hear(&mut client, 2).await, b"hi");
}

#[tokio::test]
async fn who_is_refused_finds_nobody_that_listens() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    let mut known = connect(&proxy).await;
    known.write_all(b"1").await.unwrap();
    hear(&mut known, 1).await;
    for _ in 0..3 {
        proxy.refuse(true).await.unwrap();
        let refused = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.refuse(false).await.unwrap();
        let mut client = connect(&proxy).await;
        client.write_all(b"2").await.unwrap();
        assert_eq!(hear(&mut client, 1).await, b"2");
    }
    known.write_all(b"3").await.unwrap();
    assert_eq!(hear(&mut known, 1).await, b"3");
    assert_eq!(proxy.accepted(), 4);
}

#[tokio::test]
async fn a_delay_counts_each_way() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    proxy.delay(Duration::from_millis(50));
    let mut client = connect(&proxy).await;
    let begin = Instant::now();
    client.write_all(b"hi").await.unwrap();
    hear(&mut client, 2).await;
    assert!(begin.elapsed() >= Duration::from_millis(100), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn what_is_frozen_passes_later_and_nobody_is_told() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    let mut old = connect(&proxy).await;
    old.write_all(b"1").await.unwrap();
    hear(&mut old, 1).await;
    proxy.freeze(true);
    let mut new = connect(&proxy).await;
    for client in [&mut old, &mut new] {
        client.write_all(b"2").await.unwrap();
    }
    for client in [&mut old, &mut new] {
        assert!(timeout(MOMENT, client.read(&mut [0; 1])).await.is_err());
    }
    proxy.freeze(false);
    for client in [&mut old, &mut new] {
        assert_eq!(hear(client, 1).await, b"2");
    }
}

#[tokio::test]
async fn who_finds_no_server_is_let_go() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let proxy = TcpProxy::start(port).await.unwrap();
    assert!(has_ended(&mut connect(&proxy).await).await);
}

#[tokio::test]
async fn all_ends_with_the_last_clone() {
    let proxy = TcpProxy::start(echo().await).await.unwrap();
    let mut client = connect(&proxy).await;
    client.write_all(b"1").await.unwrap();
    hear(&mut client, 1).await;
    let port = proxy.port();
    drop(proxy.clone());
    client.write_all(b"2").await.unwrap();
    hear(&mut client, 1).await;
    drop(proxy);
    assert!(has_ended(&mut client).await);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}
