//! What a request may cost.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Site};

const MIB: usize = 1024 * 1024;

/// What GraphiQL sends first, with every field that it can be told to ask for.
const INTROSPECTION: &str = include_str!("fixtures/introspection.graphql");

/// A GraphQL request in a body of just this size, sent in one piece or in many.
async fn post_of_size(client: &Client, bytes: usize, in_pieces: bool) -> StatusCode {
    let (start, end) = (r##"{"query":"{ products { totalCount } } #"##, r#""}"#);
    let text = format!("{start}{}{end}", "x".repeat(bytes - start.len() - end.len()));
    assert_eq!(text.len(), bytes);
    let body = if in_pieces {
        let pieces: Vec<_> = text.as_bytes().chunks(16 * 1024).map(<[u8]>::to_vec).collect();
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        Body::wrap_stream(futures_util::stream::iter(pieces))
    } else {
        Body::from(text)
    };
    let request = client.request(Method::POST, "/graphql").header(CONTENT_TYPE, "application/json");
    request.body(body).send().await.expect("an answer").status()
}

/// The message of the only error of an answer without data.
fn refusal(answer: &Value) -> &str {
    assert!(answer["data"].is_null(), "{answer:#}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
    answer["errors"][0]["message"].as_str().expect("a message")
}

#[tokio::test]
async fn a_query_nested_too_deep_is_refused() {
    let site = Site::sqlite();
    let server = site.start().await;
    let nested = |depth: usize| {
        let (open, close) = ("{ ofType ".repeat(depth), " }".repeat(depth));
        format!("{{ __type(name: \"Query\") {open}{{ name }}{close} }}")
    };
    let answer = server.visitor().graphql(&nested(18), json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let answer = server.visitor().graphql(&nested(19), json!({})).await;
    assert!(refusal(&answer).contains("nested too deep"), "{answer:#}");
}

#[tokio::test]
async fn fragments_that_name_each_other_are_refused() {
    let site = Site::sqlite();
    let server = site.start().await;
    let query = "query { products { nodes { ...A } } }
        fragment A on Product { ...B } fragment B on Product { ...A }";
    let answer = server.visitor().graphql(query, json!({})).await;
    assert!(answer["data"].is_null() && answer["errors"].is_array(), "{answer:#}");
}

#[tokio::test]
async fn a_query_of_many_aliases_is_too_complex() {
    let site = Site::sqlite();
    let server = site.start().await;
    let query = |aliases: usize| {
        let fields =
            (0..aliases).map(|n| format!("p{n}: products(first: 100) {{ nodes {{ id }} }}"));
        format!("{{ {} }}", fields.collect::<Vec<_>>().join(" "))
    };
    let few = server.visitor().graphql(&query(10), json!({})).await;
    assert!(few.get("errors").is_none(), "{few:#}");
    let many = server.visitor().graphql(&query(200), json!({})).await;
    assert!(refusal(&many).contains("complex"), "{many:#}");
}

#[tokio::test]
async fn a_full_page_with_every_variant_is_not_too_complex() {
    let site = Site::sqlite();
    let server = site.start().await;
    let query = "{ products(first: 100) { totalCount pageInfo { hasNextPage endCursor } nodes {
        id handle title status tags vendor version
        images { url alt } options { name values }
        variants { id sku optionValues inventoryQuantity price { amount currencyCode } }
    } } }";
    let data = server.visitor().data(query, json!({})).await;
    assert_eq!(data["products"]["nodes"].as_array().map(Vec::len), Some(11));
}

#[tokio::test]
async fn the_introspection_query_of_graphiql_passes() {
    let site = Site::sqlite();
    let server = site.start().await;
    let data = server.visitor().data(INTROSPECTION, json!({})).await;
    let types = data["__schema"]["types"].as_array().unwrap();
    let names: Vec<_> = types.iter().filter_map(|it| it["name"].as_str()).collect();
    for name in ["Product", "ProductVariant", "Money", "UserErrorCode"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[tokio::test]
async fn introspection_can_be_switched_off() {
    let site = Site::sqlite().with("CZO_GRAPHQL__INTROSPECTION", "false");
    let server = site.start().await;
    let answer = server.visitor().graphql("{ __schema { types { name } } }", json!({})).await;
    assert!(!answer.to_string().contains("ProductVariant"), "{answer:#}");
    assert_eq!(server.visitor().count().await, 11);
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not() {
    let site = Site::sqlite();
    let server = site.start().await;
    for in_pieces in [false, true] {
        let client = server.visitor();
        assert_eq!(post_of_size(&client, MIB, in_pieces).await, StatusCode::OK);
        let refused = post_of_size(&client, MIB + 1, in_pieces).await;
        assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE, "in pieces: {in_pieces}");
    }
}

/// Status and text of the answer to an upload of more than the 1,000 bytes that it may have.
async fn too_large_an_upload(body: impl Into<Body>) -> (StatusCode, String) {
    let site = Site::sqlite().with("CZO_SERVER__UPLOAD_LIMIT_BYTES", "1000");
    let server = site.start().await;
    let answer = server.owner().post("/api/catalog/import", body).await;
    assert!(server.owner().product("first").await.is_null());
    (answer.status(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn an_upload_that_says_it_is_too_large_is_refused_with_the_limit() {
    let file = format!("Handle,Title,Variant Price\nfirst,{},1\n", "x".repeat(1_000));
    let (status, text) = too_large_an_upload(file).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    assert!(text.contains("at most 1000 bytes"), "{text}");
}

#[tokio::test]
async fn an_upload_that_turns_out_too_large_is_refused_with_the_limit() {
    let start = "Handle,Title,Variant Price\nfirst,".to_owned();
    let pieces = [start, "x".repeat(1_000), ",1\n".to_owned()].map(Ok::<_, std::io::Error>);
    let body = Body::wrap_stream(futures_util::stream::iter(pieces));
    let (status, text) = too_large_an_upload(body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    assert!(text.contains("at most 1000 bytes"), "{text}");
}

#[tokio::test]
async fn an_upload_may_be_larger_than_an_ordinary_body() {
    let site = Site::sqlite();
    let server = site.start().await;
    // Further rows of a product that say nothing of a variant or an image are passed over.
    let more = format!("a,,,{}\n", "x".repeat(1_000)).repeat(3_000);
    let file = format!("Handle,Title,Variant Price,Note\na,A,1,\n{more}");
    assert!(file.len() > 2 * MIB);
    let answer = server.owner().post("/api/catalog/import", file).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let report: Value = answer.json().await.unwrap();
    assert_eq!(report["created"]["products"], 1, "{report}");
}

#[tokio::test]
async fn only_json_is_taken_as_a_graphql_request() {
    let site = Site::sqlite();
    let server = site.start().await;
    let body = r#"{"query":"{ products { totalCount } }"}"#;
    let form = "application/x-www-form-urlencoded";
    for media in ["text/plain", form, "multipart/form-data; boundary=x", "application/jsonx"] {
        let request = server.visitor().request(Method::POST, "/graphql");
        let answer = request.header(CONTENT_TYPE, media).body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
    }
    let without = server.visitor().post("/graphql", body).await;
    assert_eq!(without.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let request = server.visitor().request(Method::POST, "/graphql");
    let charset = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
    assert_eq!(charset.body(body).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_is_no_graphql_request_is_said_to_be_none() {
    let site = Site::sqlite();
    let server = site.start().await;
    let batch = r#"[{"query":"{ products { totalCount } }"}]"#;
    for body in ["", "{", "null", "{\"query\": 1}", batch] {
        let request = server.visitor().request(Method::POST, "/graphql");
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "INVALID", "{body}");
    }
}
