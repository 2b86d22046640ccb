//! The events that writes cause.

use serde_json::{Value, json};

use crate::support::{Client, Event, Server, Site, eventually, on_each_database};

/// The events of one correlation id, once there are as many as expected.
async fn events(server: &Server, correlation_id: &str, expected: usize) -> Vec<String> {
    eventually(&format!("{expected} events of {correlation_id}"), async || {
        let all = server.events().into_iter();
        let own = all.filter(|event: &Event| event.correlation_id == correlation_id);
        let own: Vec<_> = own.map(|event| event.kind).collect();
        (own.len() >= expected).then_some(own)
    })
    .await
}

async fn created(owner: &Client, fields: Value) -> String {
    let payload = owner.create(fields).await;
    payload["product"]["id"].as_str().expect("a product").to_owned()
}

on_each_database! {
    async fn a_creation_is_published_under_the_correlation_id_of_its_request(site: Site) {
        let site = site.with("CZO_LOG__FORMAT", "json");
        let server = site.start().await;
        let owner = server.owner().with_correlation_id("order-66");
        created(&owner, json!({ "status": "ACTIVE" })).await;
        let found = events(&server, "order-66", 2).await;
        assert_eq!(found, ["product.item.created", "product.item.published"]);
    }
}

#[tokio::test]
async fn each_write_publishes_what_it_did() {
    let site = Site::sqlite().with("CZO_LOG__FORMAT", "json");
    let server = site.start().await;
    let owner = |correlation_id| server.owner().with_correlation_id(correlation_id);
    let id = created(&owner("create"), json!({})).await;
    owner("change").update(json!({ "id": id, "title": "Better" })).await;
    owner("nothing").update(json!({ "id": id, "title": "Better" })).await;
    owner("refused").update(json!({ "id": id, "expectedVersion": 1, "title": "x" })).await;
    owner("show").update(json!({ "id": id, "status": "ACTIVE" })).await;
    owner("delete").delete(&id).await;

    assert_eq!(events(&server, "delete", 1).await, ["product.item.deleted"]);
    // The last one is there, and one handler logs them in order, so all of the others are.
    assert_eq!(events(&server, "create", 1).await, ["product.item.created"]);
    assert_eq!(events(&server, "change", 1).await, ["product.item.updated"]);
    let show = ["product.item.updated", "product.item.published"];
    assert_eq!(events(&server, "show", 2).await, show);
    for silent in ["nothing", "refused"] {
        assert_eq!(events(&server, silent, 0).await, Vec::<String>::new(), "{silent}");
    }
}

#[tokio::test]
async fn an_import_through_the_server_publishes_under_the_id_of_its_upload() {
    let site = Site::sqlite().with("CZO_LOG__FORMAT", "json");
    let server = site.start().await;
    let owner = server.owner().with_correlation_id("upload-1");
    let file = "Handle,Title,Variant Price,Status\na,A,1,active\nb,B,1,draft\n";
    assert_eq!(owner.post("/api/catalog/import", file).await.status(), 200);
    let mut found = events(&server, "upload-1", 3).await;
    found.sort();
    let created = "product.item.created";
    assert_eq!(found, [created, created, "product.item.published"]);
}

#[tokio::test]
async fn an_answer_carries_the_correlation_id_of_its_request_or_a_new_one() {
    const HEADER: &str = "x-correlation-id";
    let site = Site::sqlite();
    let server = site.start().await;
    let named = server.visitor().with_correlation_id("mine-1").get("/api/_health").await;
    assert_eq!(named.headers()[HEADER], "mine-1");
    let first = server.visitor().get("/api/_health").await.headers()[HEADER].clone();
    let second = server.visitor().get("/nowhere").await.headers()[HEADER].clone();
    assert!(!first.is_empty() && first != second);
}

#[tokio::test]
async fn a_correlation_id_that_could_forge_the_log_is_replaced() {
    let site = Site::sqlite();
    let server = site.start().await;
    for id in ["two words", "a\tb", "", &"x".repeat(10_000)] {
        let answer = server.visitor().with_correlation_id(id).get("/api/_health").await;
        assert_ne!(answer.headers()["x-correlation-id"], id);
    }
}
