//! Memory stays bounded, whatever is sent.

#![cfg(target_os = "linux")]

use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::support::{Server, Site};

/// What a server may take at its worst, in MiB; at rest it takes some 50.
const BOUND_MIB: u64 = 200;

/// Uploads a file of these pieces and gives the report.
async fn upload(server: &Server, pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Value {
    let pieces = pieces.map(Ok::<_, std::io::Error>);
    let body = Body::wrap_stream(futures_util::stream::iter(pieces));
    let request = server.owner().request(Method::POST, "/api/catalog/import");
    let answer = request.body(body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("a report")
}

fn assert_bounded(server: &Server) {
    let peak = server.peak_mib();
    assert!(peak < BOUND_MIB, "{peak} MiB");
}

#[tokio::test]
async fn a_product_of_ten_thousand_variants_is_rejected_with_one_reason() {
    let site = Site::sqlite();
    let server = site.start().await;
    let first = "Handle,Title,Option1 Name,Option1 Value,Variant Price\nmany,Many,No,0,1\n";
    let rest = (1..10_000).map(|n| format!("many,,,{n},1\n").into_bytes());
    let report = upload(&server, std::iter::once(first.as_bytes().to_vec()).chain(rest)).await;
    assert_eq!(report["rejected"], json!({ "products": 1, "rows": 10_000 }));
    let [error] = &report["errors"].as_array().unwrap()[..] else { panic!("{report:#}") };
    assert_eq!((&error["handle"], &error["line"]), (&json!("many"), &json!(2_050)));
    assert!(error["reason"].as_str().unwrap().contains("at most 2048 variants"), "{error}");
    assert!(server.owner().product("many").await.is_null());
    assert_bounded(&server);
}

#[tokio::test]
async fn a_line_of_200_megabytes_is_one_rejected_row_and_the_next_row_is_read() {
    let site = Site::sqlite();
    let server = site.start().await;
    let start = b"Handle,Title,Variant Price\nlong,".to_vec();
    let line = (0..200).map(|_| vec![b'x'; 1_000_000]);
    let end = b",1\nshort,Short,2\n".to_vec();
    let report = upload(&server, [start].into_iter().chain(line).chain([end])).await;
    assert_eq!(report["rejected"], json!({ "products": 1, "rows": 1 }));
    assert_eq!(report["created"], json!({ "products": 1, "rows": 1 }));
    let [error] = &report["errors"].as_array().unwrap()[..] else { panic!("{report:#}") };
    assert_eq!(error["line"], 2);
    assert!(error["reason"].as_str().unwrap().contains("longer than 1048576 bytes"), "{error}");
    assert_bounded(&server);
}

#[tokio::test]
async fn a_body_of_300_megabytes_that_is_refused_is_not_kept() {
    let site = Site::sqlite();
    let server = site.start().await;
    let visitor = server.visitor();
    let pieces = (0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000_000]));
    let request = visitor.request(Method::POST, "/graphql");
    let request = request.header("Content-Type", "application/json");
    let body = Body::wrap_stream(futures_util::stream::iter(pieces));
    // The server may close before everything is sent; what counts is what it keeps.
    let _ = request.body(body).send().await;
    assert_eq!(visitor.count().await, 11);
    assert_bounded(&server);
}
