//! What helps those who write apps.

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::support::{Process, Site, eventually};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn manifest() -> Value {
    json!({
        "id": "com.example.loyalty",
        "name": "Loyalty",
        "version": "1.4.0",
        "author": "Example Ltd",
        "appUrl": "https://loyalty.example.org",
        "handshakeUrl": "/czo/handshake",
        "permissions": [
            { "resource": "product", "actions": ["read"], "scope": "shop", "purpose": "To show points." },
        ],
        "webhooks": [{
            "identifier": "products",
            "events": ["product.item.created"],
            "targetUrl": "/czo/webhooks",
            "mode": "async",
        }],
        "czo": ">=0.1",
    })
}

/// Serves this until the test is over.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("the address of a listener"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn the_schema_is_one_that_a_manifest_may_name() {
    let site = Site::unconfigured();
    let schema = site.czo(&["app", "schema"]).await.succeeded().json();
    assert_eq!(schema["title"], "App manifest");
    assert_eq!(schema["properties"]["$schema"]["type"], "string");
}

#[tokio::test]
async fn a_manifest_that_this_program_takes_is_valid() {
    let site = Site::unconfigured();
    site.write("manifest.json", manifest().to_string());
    let said = site.czo(&["app", "validate", "manifest.json"]).await.succeeded().stdout;
    assert_eq!(said, "com.example.loyalty 1.4.0 is valid\n");
    let said = site.czo(&["app", "validate", "manifest.json", "--json"]).await.succeeded();
    assert_eq!(said.json(), json!({ "isValid": true, "violations": [] }));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_manifest_is_said_at_once() {
    let site = Site::unconfigured();
    let mut manifest = manifest();
    manifest["permissions"][0]["resource"] = json!("produkt");
    manifest["webhooks"][0]["events"] = json!(["product.item.craeted"]);
    manifest["czo"] = json!(">=99");
    site.write("manifest.json", manifest.to_string());
    let said = site.czo(&["app", "validate", "manifest.json"]).await;
    assert_eq!(said.refusal(), "the manifest has 3 problems");
    let lines: Vec<_> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("/czo: "), "{lines:?}");
    assert!(lines[1].starts_with("/permissions/0/resource: "), "{lines:?}");
    assert!(lines[1].ends_with("did you mean `product`?"), "{lines:?}");
    assert!(lines[2].starts_with("/webhooks/0/events/0: "), "{lines:?}");
    assert!(lines[2].ends_with("did you mean `product.item.created`?"), "{lines:?}");
    let said = site.czo(&["app", "validate", "manifest.json", "--json"]).await;
    said.refusal();
    let report = said.json();
    assert_eq!(report["isValid"], false);
    assert_eq!(report["violations"][1]["path"], "/permissions/0/resource");
    assert_eq!(report["violations"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_manifest_is_read_from_where_its_app_is() {
    let site = Site::unconfigured();
    let mut manifest = manifest();
    manifest["appUrl"] = json!("http://127.0.0.1:4100");
    let router = Router::new().route("/manifest.json", get(async move || Json(manifest)));
    let url = format!("{}/manifest.json", serve(router).await);
    let said = site.czo(&["app", "validate", &url]).await;
    assert!(said.stdout.starts_with("/appUrl: "), "{}", said.stdout);
    said.refusal();
    site.czo(&["app", "validate", &url, "--allow", "127.0.0.1"]).await.succeeded();
}

#[tokio::test]
async fn what_is_too_large_or_not_there_is_no_manifest() {
    let site = Site::unconfigured();
    let router = Router::new().route("/", get(async || vec![b' '; 300 * 1024]));
    let url = serve(router).await;
    let said = site.czo(&["app", "validate", &url]).await;
    assert!(said.refusal().contains("more than 262144 bytes"), "{}", said.refusal());
    site.write("large.json", vec![b' '; 300 * 1024]);
    assert_eq!(
        site.czo(&["app", "validate", "large.json"]).await.refusal(),
        "the manifest has 1 problem"
    );
    let said = site.czo(&["app", "validate", "none.json"]).await;
    assert!(said.refusal().starts_with("cannot read none.json: "), "{}", said.refusal());
}

/// `app listen` on a port of the system's choice, and where it is.
async fn listen(site: &Site, arguments: &[&str]) -> (Process, String) {
    let process = site.spawn(&[&["app", "listen", "--port", "0"], arguments].concat());
    let url = eventually("it listens", async || {
        let said = process.stderr();
        let (url, _) = said.split_once("listening at ")?.1.split_once(';')?;
        Some(url.to_owned())
    })
    .await;
    (process, url)
}

/// Delivers something signed by the public library; the status.
async fn deliver(url: &str, id: &str, body: &str, secret: &str) -> u16 {
    let now = now();
    let signature = Webhook::new(secret)
        .and_then(|webhook| webhook.sign(id, now, body.as_bytes()))
        .expect("a secret and a text");
    let request = reqwest::Client::new()
        .post(format!("{url}/czo/webhooks"))
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", signature)
        .body(body.to_owned());
    request.send().await.expect("an answer").status().as_u16()
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a time after 1970").as_secs().try_into().expect("a time before the end of all")
}

const BODY: &str = r#"{"type":"product.item.created","data":{}}"#;

#[tokio::test]
async fn a_developer_sees_of_each_delivery_whether_it_is_czos() {
    let site = Site::unconfigured().with("CZO_APP_SECRET", SECRET);
    let (process, url) = listen(&site, &[]).await;
    assert_eq!(deliver(&url, "msg_1", BODY, SECRET).await, 204);
    let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    assert_eq!(deliver(&url, "msg_2", BODY, other).await, 401);
    process.signal("INT");
    let said = process.finish().await.succeeded();
    let expected = "msg_1 product.item.created verified\n\
        msg_2 product.item.created refused: no signature fits the message\n";
    assert_eq!(said.stdout, expected);
}

#[tokio::test]
async fn a_body_is_shown_without_the_secrets_in_it() {
    let site = Site::unconfigured();
    let (process, url) = listen(&site, &["--secret", SECRET, "--body"]).await;
    let body = r#"{"type":"app.installed","token":"czoapp_abc","signingSecret":"whsec_abc"}"#;
    assert_eq!(deliver(&url, "msg_1", body, SECRET).await, 204);
    process.signal("INT");
    let said = process.finish().await.succeeded();
    let shown = r#"{"type":"app.installed","token":"czoapp_…","signingSecret":"whsec_…"}"#;
    assert_eq!(said.stdout, format!("msg_1 app.installed verified\n{shown}\n"));
    assert!(!said.stderr.contains("whsec_"), "{}", said.stderr);
}

#[tokio::test]
async fn what_fits_is_forwarded_and_answered_as_the_app_answers() {
    let site = Site::unconfigured();
    let app = Router::new().route("/hook", post(async || axum::http::StatusCode::IM_A_TEAPOT));
    let app = format!("{}/hook", serve(app).await);
    let (process, url) = listen(&site, &["--secret", SECRET, "--forward", &app]).await;
    assert_eq!(deliver(&url, "msg_1", BODY, SECRET).await, 418);
    process.signal("INT");
    let said = process.finish().await.succeeded();
    assert_eq!(said.stdout, "msg_1 product.item.created verified, forwarded: 418\n");
}

#[tokio::test]
async fn a_secret_that_is_none_is_not_repeated() {
    let site = Site::unconfigured();
    let said = site.czo(&["app", "listen", "--port", "0", "--secret", "whsec_short0"]).await;
    assert!(!said.stderr.contains("short0"), "{}", said.stderr);
    said.refusal();
}
