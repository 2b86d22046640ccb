//! How a server ends.

use std::net::TcpStream;

use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::support::{Server, Site, events, eventually, on_each_database};

/// An upload that waits to be told how it goes on.
struct SlowUpload {
    pieces: mpsc::UnboundedSender<&'static str>,
    answer: JoinHandle<reqwest::Result<(u16, Value)>>,
}

impl SlowUpload {
    /// Starts one, and waits until its first product is in the shop.
    async fn under_way(server: &Server) -> Self {
        let (pieces, waiting) = mpsc::unbounded_channel();
        let stream = futures_util::stream::unfold(waiting, async |mut waiting| {
            let piece: &'static str = waiting.recv().await?;
            Some((Ok::<_, std::io::Error>(piece), waiting))
        });
        let request = server.owner().request(Method::POST, "/api/catalog/import");
        let request = request.body(Body::wrap_stream(stream));
        let answer = tokio::spawn(async move {
            let answer = request.send().await?;
            Ok((answer.status().as_u16(), answer.json().await?))
        });
        // The first product is complete once a row of the second one is.
        let start = "Handle,Title,Variant Price\nfirst,First,1\nsecond,Second,2\nthird,Th";
        pieces.send(start).expect("a reader");
        let owner = server.owner();
        eventually("the first product is in the shop", async || {
            owner.product("first").await.is_object().then_some(())
        })
        .await;
        Self { pieces, answer }
    }

    /// Sends the rest, and gives status and report.
    async fn finish(self) -> (u16, Value) {
        self.pieces.send("ird,3\n").expect("a reader");
        drop(self.pieces);
        self.answer.await.expect("no panic").expect("an answer")
    }
}

/// Waits until a server takes no new connections.
async fn closed(server: &Server) {
    let address = server.address();
    eventually("new connections are refused", async || {
        TcpStream::connect(address).is_err().then_some(())
    })
    .await;
}

/// A server that has answered a request.
async fn start(site: &Site) -> Server {
    let server = site.start().await;
    server.visitor().get("/api/_health").await;
    server
}

on_each_database! {
    async fn sigterm_lets_an_upload_finish_takes_no_new_connections_and_ends_well(site: Site) {
        let server = start(&site).await;
        let upload = SlowUpload::under_way(&server).await;
        server.signal("TERM");
        closed(&server).await;
        let (status, report) = upload.finish().await;
        assert_eq!((status, &report["created"]["products"]), (200, &json!(3)));
        assert_eq!(server.finish().await.status, Some(0));
        assert!(!site.path(".czo/server.json").exists());

        let again = site.start().await;
        assert_eq!(again.owner().product("third").await["title"], "Third");
    }

    async fn what_was_written_before_a_power_cut_is_there_after_it(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        assert_eq!(owner.create(json!({})).await["product"]["version"], 1);
        let before = owner.versions().await;
        server.kill().await;

        let again = site.start().await;
        assert_eq!(again.owner().versions().await, before);
        assert_eq!(again.printed_token(), None);
        let tokens = site.czo(&["tokens", "list", "--json"]).await.json();
        assert_eq!(tokens.as_array().map(Vec::len), Some(1), "{tokens}");
    }

    async fn a_power_cut_during_an_upload_leaves_whole_products_only(site: Site) {
        let server = site.start().await;
        let _upload = SlowUpload::under_way(&server).await;
        server.kill().await;
        let again = site.start().await;
        assert_eq!(again.owner().product("first").await["version"], 1);
        assert!(again.owner().product("second").await.is_null());
    }
}

#[tokio::test]
async fn an_idle_server_ends_at_once_and_takes_its_file_away() {
    for signal in ["TERM", "INT"] {
        let site = Site::sqlite();
        let server = start(&site).await;
        assert!(server.is_announced());
        server.signal(signal);
        let finished = server.finish().await;
        assert_eq!(finished.status, Some(0), "{signal}: {}", finished.stderr);
        assert!(finished.stderr.contains(&format!("signal=\"SIG{signal}\"")));
        assert!(!site.path(".czo/server.json").exists());
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let site = Site::sqlite().with("CZO_SERVER__DRAIN_SECONDS", "600");
    let server = start(&site).await;
    let (client, connection) =
        (server.visitor(), TcpStream::connect(server.address()).expect("a connection"));
    client.count().await;
    assert_eq!(server.stop().await.status, Some(0));
    drop((client, connection));
}

#[tokio::test]
async fn a_graceful_end_is_announced_on_the_bus() {
    // The events of a demo shop may come after it.
    let site = Site::sqlite().with("CZO_DEMO", "false").with("CZO_LOG__FORMAT", "json");
    let finished = start(&site).await.stop().await;
    let kinds: Vec<_> = events(&finished.stderr).into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.last().map(String::as_str), Some("system.shutdown.started"), "{kinds:?}");
}

#[tokio::test]
async fn the_events_of_the_last_writes_are_handled_before_the_end() {
    let site = Site::sqlite().with_an_empty_shop().await.with("CZO_LOG__FORMAT", "json");
    let server = start(&site).await;
    let owner = server.owner();
    for number in 0..20 {
        owner.create(json!({ "title": format!("Blotter {number}") })).await;
    }
    let finished = server.stop().await.succeeded();
    let kinds = events(&finished.stderr).into_iter().map(|event| event.kind);
    assert_eq!(kinds.filter(|kind| kind == "product.item.created").count(), 20);
    let status = site.czo(&["outbox", "status", "--json"]).await.succeeded().json();
    assert_eq!((&status["waiting"], &status["logged"]), (&json!(0), &json!(20)), "{status}");
}

#[tokio::test]
async fn an_upload_that_does_not_end_is_cut_off_when_the_time_is_up() {
    let site = Site::sqlite().with("CZO_SERVER__DRAIN_SECONDS", "1");
    let server = start(&site).await;
    let upload = SlowUpload::under_way(&server).await;
    let finished = server.stop().await;
    assert_eq!(finished.status, Some(0));
    assert!(finished.stderr.contains("requests were cut off"), "{}", finished.stderr);
    assert!(upload.answer.await.expect("no panic").is_err());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let site = Site::sqlite().with("CZO_SERVER__DRAIN_SECONDS", "600");
    let server = start(&site).await;
    let upload = SlowUpload::under_way(&server).await;
    server.signal("TERM");
    closed(&server).await;
    server.signal("TERM");
    assert_eq!(server.finish().await.status, Some(130));
    assert!(upload.answer.await.expect("no panic").is_err());
}

#[tokio::test]
async fn a_server_that_was_killed_leaves_commands_to_the_database() {
    let site = Site::sqlite();
    let server = site.start().await;
    let exported = server.owner().export().await;
    server.kill().await;
    assert!(site.path(".czo/server.json").exists(), "nobody took it away");
    assert_eq!(site.czo(&["export", "products"]).await.succeeded().stdout, exported);
}

#[tokio::test]
async fn a_second_server_on_a_folder_leaves_its_commands_to_the_first() {
    let site = Site::sqlite();
    let (first, second) = (start(&site).await, start(&site).await);
    let warned = "another server runs on this data folder";
    assert!(second.stderr().contains(warned), "{}", second.stderr());
    assert!(second.stderr().contains(first.url()), "{}", second.stderr());
    assert!(!first.stderr().contains(warned), "{}", first.stderr());
    second.stop().await.succeeded();
    assert!(site.read(".czo/server.json").contains(first.url()));
    first.stop().await.succeeded();
    assert!(!site.path(".czo/server.json").exists());
}

#[tokio::test]
async fn a_server_takes_the_place_of_one_that_was_killed() {
    let site = Site::sqlite();
    start(&site).await.kill().await;
    let server = start(&site).await;
    assert!(site.read(".czo/server.json").contains(server.url()));
    assert!(!server.stderr().contains("another server"), "{}", server.stderr());
}

#[tokio::test]
async fn sigterm_is_heard_from_the_moment_the_server_says_that_it_is_ready() {
    // Several, because the moment is short; without a pause, for the same reason.
    for _ in 0..20 {
        let site = Site::sqlite().with("CZO_DEMO", "false");
        let mut process = site.spawn(&["serve"]);
        while !process.stdout().contains("is ready") {
            assert!(!process.has_ended(), "{}", process.stderr());
            std::thread::yield_now();
        }
        process.signal("TERM");
        assert_eq!(process.finish().await.status, Some(0));
        assert!(!site.path(".czo/server.json").exists());
    }
}
