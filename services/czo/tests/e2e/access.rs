//! Who may do what.

use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Site, code_of, on_each_database};

const READER: &str = "[roles.reader]\npermissions = [\"product:read\"]\n";

/// Every mutation, on the product `id`.
fn mutations(id: &Value) -> [(&'static str, Value); 4] {
    let input = json!({ "title": "Stolen", "variants": [{ "price": "0.01" }] });
    [
        (
            "mutation ($input: ProductCreateInput!) {
                productCreate(input: $input) { product { id } userErrors { message } }
            }",
            json!({ "input": input }),
        ),
        (
            "mutation ($input: ProductUpdateInput!) {
                productUpdate(input: $input) { product { id } userErrors { message } }
            }",
            json!({ "input": { "id": id, "title": "Stolen" } }),
        ),
        (
            "mutation ($id: ID!) {
                productPublish(id: $id) { product { id } userErrors { message } }
            }",
            json!({ "id": id }),
        ),
        (
            "mutation ($id: ID!) {
                productDelete(id: $id) { deletedProductId userErrors { message } }
            }",
            json!({ "id": id }),
        ),
    ]
}

/// Every mutation is refused with this code, and nothing has changed.
async fn assert_no_mutation_works(client: &Client, owner: &Client, code: &str) {
    let before = owner.versions().await;
    let draft = owner.product("winter-hamper").await;
    for (mutation, variables) in mutations(&draft["id"]) {
        let answer = client.graphql(mutation, variables).await;
        assert_eq!(code_of(&answer), code, "{mutation}: {answer:#}");
        assert!(answer["data"].is_null(), "{mutation}: {answer:#}");
    }
    assert_eq!(owner.versions().await, before);
    assert_eq!(owner.product("winter-hamper").await, draft);
}

/// A new token of this role.
async fn token(site: &Site, role: &str) -> String {
    let arguments = ["tokens", "create", "--name", "test", "--role", role];
    site.czo(&arguments).await.succeeded().stdout.trim().to_owned()
}

on_each_database! {
    async fn a_visitor_can_use_no_mutation(site: Site) {
        let server = site.start().await;
        assert_no_mutation_works(&server.visitor(), &server.owner(), "UNAUTHENTICATED").await;
    }

    async fn a_token_that_may_only_read_can_use_no_mutation(site: Site) {
        site.write("czo.toml", READER);
        let server = site.start().await;
        let reader = server.visitor().with_token(&token(&site, "reader").await);
        assert_no_mutation_works(&reader, &server.owner(), "FORBIDDEN").await;
    }

    async fn a_revoked_token_is_refused_from_the_next_request_on(site: Site) {
        site.write("czo.toml", READER);
        let server = site.start().await;
        let made = site.czo(&["tokens", "create", "--name", "x", "--role", "owner", "--json"]);
        let made = made.await.succeeded().json();
        let (id, token) = (made["id"].as_str().expect("an id"), &made["token"]);
        let client = server.visitor().with_token(token.as_str().expect("a token"));
        assert_eq!(client.get("/api/catalog/export").await.status(), StatusCode::OK);
        site.czo(&["tokens", "revoke", id]).await.succeeded();
        let refused = client.get("/api/catalog/export").await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_visitor_can_neither_import_nor_export_nor_read_metrics() {
    let site = Site::sqlite();
    let server = site.start().await;
    let (visitor, before) = (server.visitor(), server.owner().versions().await);
    let file = "Handle,Title,Variant Price\nstolen,Stolen,1\n";
    for answer in [
        visitor.post("/api/catalog/import", file).await,
        visitor.get("/api/catalog/export").await,
        visitor.get("/api/_metrics").await,
    ] {
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{}", answer.url());
        assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "UNAUTHENTICATED");
    }
    assert_eq!(server.owner().versions().await, before);
}

#[tokio::test]
async fn a_token_that_may_only_read_products_exports_and_does_neither_import_nor_metrics() {
    let site = Site::sqlite();
    site.write("czo.toml", READER);
    let server = site.start().await;
    let reader = server.visitor().with_token(&token(&site, "reader").await);
    assert_eq!(reader.count().await, 12, "it sees the draft");
    assert_eq!(reader.export().await, server.owner().export().await);
    let file = "Handle,Title,Variant Price\nstolen,Stolen,1\n";
    for answer in
        [reader.post("/api/catalog/import", file).await, reader.get("/api/_metrics").await]
    {
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", answer.url());
    }
    assert!(server.owner().product("stolen").await.is_null());
}

#[tokio::test]
async fn a_token_that_may_only_write_products_sees_no_drafts() {
    let site = Site::sqlite();
    site.write("czo.toml", "[roles.writer]\npermissions = [\"product:write\"]\n");
    let server = site.start().await;
    let writer = server.visitor().with_token(&token(&site, "writer").await);
    assert_eq!(writer.create(json!({})).await["product"]["handle"], "blotter");
    assert!(writer.product("blotter").await.is_null());
    assert_eq!(writer.get("/api/catalog/export").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_unknown_token_is_refused_even_where_visitors_may_read() {
    let site = Site::sqlite();
    let server = site.start().await;
    let real = site.owner_token();
    let last = if real.ends_with('A') { 'B' } else { 'A' };
    let nearly = format!("{}{last}", &real[..real.len() - 1]);
    for token in ["", "x", "czo_", &nearly, &real.to_uppercase()] {
        let client = server.visitor().with_token(token);
        for path in ["/api/openapi.json", "/api/catalog/export", "/graphql"] {
            let answer = client.get(path).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token:?} {path}");
        }
    }
    assert_eq!(server.visitor().with_token("x").get("/api/_health").await.status(), 200);
}

#[tokio::test]
async fn another_scheme_than_bearer_is_refused() {
    let site = Site::sqlite();
    let server = site.start().await;
    let basic = format!("Basic {}", site.owner_token());
    let request = server.visitor().request(Method::GET, "/api/catalog/export");
    let answer = request.header(AUTHORIZATION, basic).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.text().await.unwrap().contains("Authorization: Bearer"));
}

#[tokio::test]
async fn the_owner_reads_metrics_of_the_requests_so_far() {
    let site = Site::sqlite();
    let server = site.start().await;
    server.visitor().count().await;
    let metrics = server.owner().get("/api/_metrics").await.text().await.unwrap();
    let served = r#"czo_http_request_duration_seconds_count{method="POST",route="/graphql""#;
    assert!(metrics.contains(served), "{metrics}");
}

#[tokio::test]
async fn a_token_of_an_unknown_role_is_not_made_and_the_roles_are_named() {
    let site = Site::sqlite();
    site.write("czo.toml", READER);
    let refused = site.czo(&["tokens", "create", "--name", "x", "--role", "raeder"]).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("owner, reader") && sentence.contains("`raeder`"), "{sentence}");
    let tokens = site.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    assert_eq!(tokens.as_array().map(Vec::len), Some(1), "{tokens}");
}

#[tokio::test]
async fn a_role_that_left_the_configuration_gives_nothing_any_more() {
    let site = Site::sqlite();
    site.write("czo.toml", READER);
    let token = token(&site, "reader").await;
    site.write("czo.toml", "");
    let server = site.start().await;
    let client = server.visitor().with_token(&token);
    assert_eq!(client.count().await, 11);
    assert_eq!(client.get("/api/catalog/export").await.status(), StatusCode::FORBIDDEN);
}
