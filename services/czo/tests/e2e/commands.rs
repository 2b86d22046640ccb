//! The commands that show and change what surrounds the shop.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Site;

#[tokio::test]
async fn the_version_is_that_of_the_crate() {
    let site = Site::unconfigured();
    let finished = site.czo(&["--version"]).await.succeeded();
    assert_eq!(finished.stdout, format!("czo {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(std::fs::read_dir(site.folder()).unwrap().count(), 0, "it leaves nothing behind");
}

#[tokio::test]
async fn the_help_names_every_command() {
    let site = Site::unconfigured();
    let help = site.czo(&["--help"]).await.succeeded().stdout;
    for command in [
        "serve", "migrate", "config", "events", "outbox", "dlq", "shops", "tokens", "import",
        "export", "app",
    ] {
        let stands_there = help.lines().any(|line| line.split_whitespace().next() == Some(command));
        assert!(stands_there, "{command} is not in\n{help}");
    }
}

#[tokio::test]
async fn an_unknown_command_is_a_wrong_use() {
    let site = Site::unconfigured();
    let finished = site.czo(&["sirve"]).await;
    assert_eq!(finished.status, Some(2));
    assert!(finished.stderr.contains("serve"), "{}", finished.stderr);
}

#[tokio::test]
async fn the_configuration_shown_is_the_one_in_force() {
    let site = Site::unconfigured().with("CZO_SERVER__DRAIN_SECONDS", "7");
    site.write("czo.toml", "[server]\nlisten = \"127.0.0.1:4001\"\ndrain_seconds = 5\n");
    let shown = site.czo(&["config", "show", "--json"]).await.succeeded().json();
    assert_eq!(shown["server"]["listen"], "127.0.0.1:4001", "from the file");
    assert_eq!(shown["server"]["drain_seconds"], 7, "from the environment, over the file");
    assert_eq!(shown["server"]["body_limit_bytes"], 1024 * 1024, "by default");
    assert_eq!(shown["database"]["url"], "sqlite://.czo/czo.db");
    assert_eq!(shown["demo"], true);
    let outbox = json!({
        "relay": true,
        "keep_log_days": 7,
        "keep_inbox_days": 30,
        "lease_seconds": 5,
        "poll_milliseconds": 1000,
    });
    assert_eq!(shown["outbox"], outbox);
}

#[tokio::test]
async fn the_configuration_file_can_be_named() {
    let site = Site::unconfigured();
    site.write("shop.toml", "[server]\ndrain_seconds = 3\n");
    let named = site.czo(&["config", "show", "--json", "--config", "shop.toml"]).await;
    assert_eq!(named.succeeded().json()["server"]["drain_seconds"], 3);
    let site = site.with("CZO_CONFIG", "shop.toml");
    let named = site.czo(&["config", "show", "--json"]).await;
    assert_eq!(named.succeeded().json()["server"]["drain_seconds"], 3);
}

#[tokio::test]
async fn variables_of_the_same_prefix_that_are_no_settings_are_let_alone() {
    let site = Site::unconfigured()
        .with("CZO_TOKEN", "czo_x")
        .with("CZO_TEST_POSTGRES_URL", "postgres://127.0.0.1/postgres");
    site.czo(&["config", "show"]).await.succeeded();
}

#[tokio::test]
async fn the_configuration_shown_can_be_the_file_of_the_next_start() {
    let site = Site::unconfigured();
    let shown = site.czo(&["config", "show"]).await.succeeded().stdout;
    site.write("czo.toml", &shown);
    assert_eq!(site.czo(&["config", "show"]).await.succeeded().stdout, shown);
}

#[tokio::test]
async fn the_configuration_shown_has_no_password() {
    let url = "postgres://shop:s3cr3t@db.internal:5432/shop?sslmode=require";
    let site = Site::unconfigured().with("CZO_DATABASE__URL", url);
    for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
        let shown = site.czo(arguments).await.succeeded().stdout;
        assert!(shown.contains("db.internal:5432/shop") && !shown.contains("s3cr3t"), "{shown}");
    }
}

#[tokio::test]
async fn the_events_of_the_catalogue_are_listed_with_their_schemas() {
    let site = Site::unconfigured();
    let listed = site.czo(&["events", "list", "--json"]).await.succeeded().json();
    let journal = json!({
        "pattern": "#",
        "group": "runtime.journal",
        "consumer": "runtime",
        "retrySeconds": [1.0, 5.0, 30.0],
    });
    // What is consumed depends on no configuration: the cache of this one is whatever it is.
    let repair = ["created", "updated", "deleted"].map(|action| {
        json!({
            "pattern": format!("product.item.{action}"),
            "group": "catalog.cache",
            "consumer": "catalog",
            "retrySeconds": [1.0, 5.0, 30.0],
        })
    });
    assert_eq!(listed["consumers"], json!([[journal].as_slice(), &repair].concat()));
    let (system, events): (Vec<_>, Vec<_>) = listed["producers"]
        .as_array()
        .unwrap()
        .iter()
        .partition(|event| event["producer"] == "system");
    assert_eq!(system.len(), 4);
    let (apps, events): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| event["producer"] == "app");
    assert_eq!(apps.len(), 3);
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = ["created", "deleted", "published", "updated"];
    assert_eq!(kinds, expected.map(|action| format!("product.item.{action}")));
    for event in events {
        assert_eq!((&event["version"], &event["producer"]), (&json!(1), &json!("catalog")));
        let schema = &event["schema"];
        assert!(schema["properties"]["productId"].is_object(), "{schema}");
        assert!(schema["required"].as_array().unwrap().contains(&json!("productId")), "{schema}");
        let kind = event["type"].as_str().unwrap();
        for version in [&[][..], &["--version", "1"]] {
            let arguments = [&["events", "schema", kind], version].concat();
            assert_eq!(&site.czo(&arguments).await.succeeded().json(), schema);
        }
    }
}

#[tokio::test]
async fn the_asyncapi_document_is_the_agreed_one() {
    let site = Site::unconfigured();
    let document = site.czo(&["events", "asyncapi"]).await.succeeded().json();
    let document = format!("{document:#}\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/asyncapi.json");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        document, agreed,
        "if the change is meant: CZO_TEST_BLESS=1 and run this test again"
    );
}

#[tokio::test]
async fn an_unknown_event_is_named() {
    let site = Site::unconfigured();
    let refused = site.czo(&["events", "schema", "product.item.eaten"]).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("`product.item.eaten`"), "{sentence}");
    assert!(sentence.contains("`events list`"), "{sentence}");
    let newer = ["events", "schema", "product.item.created", "--version", "9"];
    let refused = site.czo(&newer).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("`product.item.created` version 9"), "{sentence}");
}

#[tokio::test]
async fn a_shop_is_listed_as_it_was_opened() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    let id = site.open_shop("Paper & Ink").await;
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops, json!([{ "id": id, "name": "Paper & Ink", "currency": "EUR" }]));
    let table = site.czo(&["shops", "list"]).await.succeeded().stdout;
    let row = table.lines().nth(1).unwrap();
    assert!([&*id, "Paper & Ink", "EUR"].iter().all(|cell| row.contains(cell)), "{table}");
}

#[tokio::test]
async fn a_shop_without_a_currency_of_iso_4217_is_not_opened() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    for currency in ["EURO", "XXQ", "", "€"] {
        let arguments = ["shops", "create", "--name", "Paper", "--currency", currency];
        let finished = site.czo(&arguments).await;
        assert_eq!(finished.status, Some(2), "{currency:?}");
        assert!(finished.stderr.contains("ISO 4217"), "{}", finished.stderr);
    }
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops, json!([]));
}

#[tokio::test]
async fn a_shop_without_a_name_is_not_opened() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    for name in ["", " "] {
        let finished = site.czo(&["shops", "create", "--name", name, "--currency", "EUR"]).await;
        assert_ne!(finished.status, Some(0), "{name:?}");
    }
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops, json!([]));
}

#[tokio::test]
async fn tokens_are_listed_without_their_secrets() {
    let site = Site::sqlite();
    let made = site.czo(&["tokens", "create", "--name", "till", "--role", "owner", "--json"]);
    let made = made.await.succeeded().json();
    let secrets = [site.owner_token(), made["token"].as_str().unwrap().to_owned()];
    let json = site.czo(&["tokens", "list", "--json"]).await.succeeded();
    let table = site.czo(&["tokens", "list"]).await.succeeded();
    for secret in &secrets {
        assert!(!json.stdout.contains(secret) && !table.stdout.contains(secret));
    }
    let tokens: Value = json.json();
    let names: Vec<_> = tokens.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["owner", "till"]);
    for token in tokens.as_array().unwrap() {
        let keys: Vec<_> = token.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["createdAt", "id", "name", "role"], "nothing else is shown");
    }
    assert_eq!(tokens[1]["id"], made["id"]);
}

#[tokio::test]
async fn a_token_is_revoked_once() {
    let site = Site::sqlite();
    let tokens = site.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    let id = tokens[0]["id"].as_str().unwrap();
    site.czo(&["tokens", "revoke", id]).await.succeeded();
    let again = site.czo(&["tokens", "revoke", id]).await;
    assert!(again.refusal().contains(id), "{}", again.stderr);
    let tokens = site.czo(&["tokens", "list", "--json"]).await.succeeded().json();
    assert!(tokens[0]["revokedAt"].is_string(), "{tokens}");
}

#[test]
fn output_that_nobody_reads_is_no_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_czo"))
        .args(["events", "list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let finished = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&finished.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
}
