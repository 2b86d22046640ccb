//! Starts that are refused: one sentence that says what to do, and status 1.

use std::net::TcpListener;

use crate::support::{Finished, Site};

/// The sentence of a start on this site, which must be all that is written, and have these parts.
async fn refused(site: &Site, parts: &[&str]) -> Finished {
    let finished = site.czo(&["serve"]).await;
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    assert_says(&finished, parts);
    finished
}

fn assert_says(finished: &Finished, parts: &[&str]) {
    let sentence = finished.refusal();
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
    assert_eq!(finished.stdout, "");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site = Site::sqlite().with("CZO_SERVER__LISTEN", &address);
    let finished = site.czo(&["serve"]).await;
    assert_says(&finished, &[&address, "another program", "`--listen`", "`server.listen`"]);
    assert!(!site.path(".czo/server.json").exists());
}

#[tokio::test]
async fn after_a_port_in_use_the_next_start_has_the_same_owner() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let site = Site::sqlite();
    let finished = site.czo(&["serve", "--listen", &address]).await;
    assert_says(&finished, &[&address]);
    let server = site.start().await;
    assert_eq!(server.owner().count().await, 12);
    assert!(server.stdout().contains(".czo/owner-token"), "{}", server.stdout());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let site = Site::sqlite();
    let text = "Dear diary, today I was not a database. ".repeat(100);
    site.write(".czo/czo.db", &text);
    refused(&site, &[".czo/czo.db", "SQLite", "`database.url`"]).await;
    assert_eq!(site.read(".czo/czo.db"), text);
}

#[tokio::test]
async fn a_folder_in_place_of_the_database_is_named() {
    let site = Site::sqlite();
    std::fs::create_dir_all(site.path(".czo/czo.db")).unwrap();
    refused(&site, &[".czo/czo.db", "cannot be opened"]).await;
}

#[tokio::test]
async fn a_file_in_place_of_the_data_folder_is_named() {
    let site = Site::sqlite();
    site.write(".czo", "");
    refused(&site, &[".czo", "`data_dir`"]).await;
}

#[tokio::test]
async fn an_unknown_key_of_the_file_is_named_once_with_those_there_are() {
    let site = Site::sqlite();
    site.write("czo.toml", "[server]\nlistn = \"127.0.0.1:0\"\n");
    refused(&site, &["`server.listn`", "listen", "czo.toml"]).await;
}

#[tokio::test]
async fn an_unknown_key_of_the_environment_is_named_once_with_those_there_are() {
    let site = Site::sqlite().with("CZO_SERVER__LISTN", "127.0.0.1:0");
    refused(&site, &["`server.listn`", "listen", "environment"]).await;
}

#[tokio::test]
async fn an_unknown_section_is_named() {
    let site = Site::sqlite();
    site.write("czo.toml", "[sever]\nlisten = \"127.0.0.1:0\"\n");
    refused(&site, &["`sever`", "server", "czo.toml"]).await;
}

#[tokio::test]
async fn a_wrong_value_is_named_by_its_key_and_place() {
    for (name, value, key) in [
        ("CZO_SERVER__LISTEN", "localhost", "`server.listen`"),
        ("CZO_DATABASE__MAX_CONNECTIONS", "ten", "`database.max_connections`"),
        ("CZO_DATABASE__MAX_CONNECTIONS", "0", "`database.max_connections`"),
        ("CZO_GRAPHQL__MAX_DEPTH", "0", "`graphql.max_depth`"),
        ("CZO_EVENT_BUS__PROVIDER", "pigeon", "`event_bus.provider`"),
        ("CZO_OUTBOX__LEASE_SECONDS", "0", "`outbox.lease_seconds`"),
        ("CZO_OUTBOX__KEEP_INBOX_DAYS", "6", "`outbox.keep_inbox_days`"),
        ("CZO_LOG__FORMAT", "xml", "`log.format`"),
        ("CZO_LOG__FILTER", "info,,=", "`log.filter`"),
        ("CZO_SERVER__CORS_ALLOW_ORIGINS", "[\"shop.example\"]", "`server.cors_allow_origins`"),
    ] {
        refused(&Site::sqlite().with(name, value), &[key]).await;
    }
}

#[tokio::test]
async fn a_wrong_permission_of_a_role_is_named() {
    let site = Site::sqlite();
    site.write("czo.toml", "[roles.clerk]\npermissions = [\"product\"]\n");
    refused(&site, &["roles.clerk", "`product`", "`resource:action`"]).await;
}

#[tokio::test]
async fn the_role_of_the_owner_cannot_be_changed() {
    let site = Site::sqlite();
    site.write("czo.toml", "[roles.owner]\npermissions = []\n");
    refused(&site, &["`roles.owner`"]).await;
}

#[tokio::test]
async fn a_file_that_is_no_toml_is_one_sentence() {
    let site = Site::sqlite();
    site.write("czo.toml", "[server\nlisten = 4\n");
    refused(&site, &["czo.toml", "line 1"]).await;
}

#[tokio::test]
async fn a_configuration_file_that_is_named_must_be_there() {
    let site = Site::sqlite();
    let finished = site.czo(&["serve", "--config", "other.toml"]).await;
    assert_says(&finished, &["other.toml", "not there"]);
    let finished = site.with("CZO_CONFIG", "third.toml").czo(&["serve"]).await;
    assert_says(&finished, &["third.toml", "not there"]);
}

#[tokio::test]
async fn an_unknown_domain_is_named_with_those_there_are() {
    let site = Site::sqlite();
    let finished = site.czo(&["serve", "--domains", "catalog,warehouse"]).await;
    assert_says(&finished, &["`warehouse`", "catalog"]);
}

#[tokio::test]
async fn another_database_than_these_two_is_refused_without_its_password() {
    let site = Site::sqlite().with("CZO_DATABASE__URL", "mysql://shop:s3cr3t@db/shop");
    let finished = refused(&site, &["`database.url`", "sqlite://", "postgres://"]).await;
    assert!(!finished.stderr.contains("s3cr3t"), "{}", finished.stderr);
}

#[tokio::test]
async fn a_postgres_that_does_not_answer_is_named_without_its_password() {
    // Nobody listens on port 1.
    let site = Site::sqlite().with("CZO_DATABASE__URL", "postgres://shop:s3cr3t@127.0.0.1:1/shop");
    let shown = "postgres://shop@127.0.0.1:1/shop";
    let finished = refused(&site, &[shown, "cannot be reached", "`database.url`"]).await;
    assert!(!finished.stderr.contains("s3cr3t"), "{}", finished.stderr);
}

#[tokio::test]
async fn a_password_with_a_slash_in_it_is_not_shown() {
    let url = "postgres://shop:s3/cr3t@127.0.0.1:1/shop";
    let site = Site::sqlite().with("CZO_DATABASE__URL", url);
    for arguments in [&["serve"][..], &["config", "show"]] {
        let finished = site.czo(arguments).await;
        let written = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!written.is_empty() && !written.contains("cr3t"), "{written}");
    }
}
