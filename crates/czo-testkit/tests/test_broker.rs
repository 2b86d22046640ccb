//! A broker that is started, told, stopped, killed, and left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::TcpStream as Blocking;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_testkit::TestBroker;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tells the test binary that it is the child.
const CHILD: &str = "CZO_TESTKIT_TEST_CHILD";

#[tokio::test]
async fn a_broker_is_told_and_stopped_and_killed_and_keeps_what_it_has() {
    let mut broker = TestBroker::options().management().tls().start().await.unwrap();
    let port = broker.port();
    broker.ctl(&["add_vhost", "shop"]).await.unwrap();
    let refused = broker.ctl(&["add_vhost"]).await.unwrap_err().to_string();
    assert!(refused.contains("not enough arguments"), "{refused}");

    let overview = management(&broker).await;
    assert!(overview.starts_with("HTTP/1.1 200"), "{overview}");
    let url = broker.tls_url();
    let authority = broker.ca_certificate().to_owned();
    let shake = tokio::task::spawn_blocking(move || shake_hands(&url, &authority));
    shake.await.unwrap();

    broker.stop().await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    let down = broker.ctl(&["list_vhosts"]).await.unwrap_err().to_string();
    assert!(down.contains("list_vhosts"), "{down}");
    broker.start_again().await.unwrap();
    assert_eq!(vhosts(&broker).await, ["/", "shop"]);

    broker.kill().await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    broker.start_again().await.unwrap();
    assert_eq!(broker.port(), port);
    assert_eq!(vhosts(&broker).await, ["/", "shop"]);
    assert!(broker.start_again().await.is_err(), "it runs");

    let began = Instant::now();
    drop(broker);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

async fn vhosts(broker: &TestBroker) -> Vec<String> {
    let listed = broker.ctl(&["list_vhosts", "--no-table-headers"]).await.unwrap();
    let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
    names.sort();
    names
}

async fn management(broker: &TestBroker) -> String {
    let url = broker.management_url();
    let address = url.rsplit('@').next().unwrap();
    let mut server = TcpStream::connect(address).await.unwrap();
    let request = "GET /api/overview HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                   Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n";
    server.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).await.unwrap();
    answer
}

/// As a client that trusts this authority alone.
fn shake_hands(url: &str, authority: &Path) {
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    let localhost = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), localhost).unwrap();
    let address = url.rsplit('@').next().unwrap().trim_end_matches("/%2f");
    let mut socket = Blocking::connect(address).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).unwrap();
    }
}

/// What the child does: it has a broker, says where, and is killed.
#[tokio::test]
async fn a_child_that_has_a_broker_until_it_is_killed() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let broker = TestBroker::start().await.unwrap();
    println!("broker {}", broker.port());
    std::future::pending().await
}

#[tokio::test]
async fn nothing_is_left_of_a_broker_whose_test_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_child_that_has_a_broker_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port: u16 = loop {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        // The name of the test stands before it, on the same line.
        let line = line.expect("a line about the broker");
        if let Some((_, port)) = line.split_once("broker ") {
            break port.parse().unwrap();
        }
    };
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 1);

    // SIGKILL: it can clean up nothing.
    child.kill().await.unwrap();
    let began = Instant::now();
    while files() > 0 || TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        assert!(began.elapsed() < PATIENCE, "the broker outlives its test");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
