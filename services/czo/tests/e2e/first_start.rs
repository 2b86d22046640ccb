//! The first start, and the second.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::Site;

const LISTEN: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[tokio::test]
async fn without_configuration_a_demo_shop_of_eleven_products_is_served() {
    let site = Site::unconfigured();
    let server = site.start_with(&LISTEN).await;
    assert_eq!(server.visitor().count().await, 11);
}

#[tokio::test]
async fn without_a_command_it_serves() {
    let site = Site::sqlite();
    let server = site.start_with(&[]).await;
    assert_eq!(server.visitor().count().await, 11);
}

#[tokio::test]
async fn with_the_catalogue_named_alone_it_serves_the_catalogue() {
    let site = Site::sqlite();
    let server = site.start_with(&["serve", "--domains", "catalog"]).await;
    assert_eq!(server.visitor().count().await, 11);
}

#[tokio::test]
async fn the_owner_sees_the_draft_of_the_demo_shop_and_visitors_do_not() {
    let site = Site::unconfigured();
    let server = site.start_with(&LISTEN).await;
    let draft = server.owner().product("winter-hamper").await;
    assert_eq!(draft["status"], "DRAFT");
    assert_eq!(server.owner().count().await, 12);

    let (id, visitor) = (&draft["id"], server.visitor());
    let by_id = visitor.data("query ($id: ID) { product(id: $id) { id } }", json!({ "id": id }));
    assert_eq!(by_id.await, json!({ "product": null }));
    assert!(visitor.product("winter-hamper").await.is_null());
    assert!(visitor.versions().await.iter().all(|(handle, _)| handle != "winter-hamper"));
}

#[tokio::test]
async fn every_product_of_the_demo_shop_has_a_price_in_euros() {
    let site = Site::sqlite();
    let server = site.start().await;
    let query = "{ products { nodes { variants { price { minorUnits currencyCode } } } } }";
    let data = server.owner().data(query, json!({})).await;
    let products = data["products"]["nodes"].as_array().unwrap();
    let variants = products.iter().flat_map(|product| product["variants"].as_array().unwrap());
    let prices: Vec<_> = variants.map(|variant| &variant["price"]).collect();
    assert!(prices.len() > 12, "{prices:?}");
    assert!(prices.iter().all(|price| price["currencyCode"] == "EUR"), "{prices:?}");
    assert!(prices.iter().all(|price| price["minorUnits"].as_i64() > Some(0)), "{prices:?}");
}

#[tokio::test]
async fn the_owner_token_is_printed_once_and_not_logged() {
    let site = Site::unconfigured();
    let server = site.start_with(&LISTEN).await;
    let token = server.printed_token().expect("a first start prints the token");
    assert_eq!(server.visitor().with_token(&token).count().await, 12);

    let finished = server.stop().await;
    assert_eq!(finished.stdout.matches(&token).count(), 1);
    assert!(finished.stderr.contains("registered"), "the log is there:\n{}", finished.stderr);
    assert!(!finished.stderr.contains(&token), "{}", finished.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn the_owner_token_is_kept_in_a_file_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::unconfigured();
    let server = site.start_with(&LISTEN).await;
    let mode = fs::metadata(site.path(".czo/owner-token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(Some(site.owner_token()), server.printed_token());
}

#[tokio::test]
async fn the_database_does_not_hold_the_owner_token() {
    let site = Site::unconfigured();
    let server = site.start_with(&LISTEN).await;
    let token = site.owner_token();
    let secret = token.strip_prefix("czo_").unwrap();
    server.stop().await;

    let mut database = files_below(&site.path(".czo"));
    database.retain(|path| !path.ends_with("owner-token"));
    assert!(database.contains(&site.path(".czo/czo.db")), "{database:?}");
    for file in database {
        let bytes = fs::read(&file).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{} holds the token", file.display());
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_second_start_prints_no_token_and_the_first_one_still_works() {
    let site = Site::unconfigured();
    let first = site.start_with(&LISTEN).await;
    let token = first.printed_token().expect("a first start prints the token");
    first.stop().await.succeeded();

    let second = site.start_with(&LISTEN).await;
    assert_eq!(second.printed_token(), None);
    assert_eq!(second.visitor().with_token(&token).count().await, 12);
}

#[tokio::test]
async fn a_second_start_adds_no_second_demo_shop() {
    let site = Site::sqlite();
    site.start().await.stop().await.succeeded();
    let second = site.start().await;
    assert_eq!(second.owner().count().await, 12);
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops.as_array().map(Vec::len), Some(1), "{shops}");
}

#[tokio::test]
async fn the_demo_shop_can_be_declined() {
    let site = Site::sqlite().with("CZO_DEMO", "false");
    site.start().await.stop().await.succeeded();
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops, json!([]));
}

#[tokio::test]
async fn a_command_before_the_first_start_prints_the_token_that_the_server_then_knows() {
    let site = Site::sqlite();
    let listed = site.czo(&["tokens", "list", "--json"]).await.succeeded();
    let token = site.owner_token();
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1), "standard output is JSON alone");
    assert_eq!(listed.stderr.matches(&token).count(), 1, "{}", listed.stderr);
    let again = site.czo(&["tokens", "list"]).await.succeeded();
    assert_eq!(again.stderr, "");
    let server = site.start().await;
    assert_eq!(server.printed_token(), None);
    assert_eq!(server.visitor().with_token(&token).count().await, 12);
}
