//! Imports that are refused as a whole.

use crate::import::STATIONERY;
use crate::support::Site;

/// A shop id that no database has.
const NOBODY: &str = "shop_00000000000000000000000000";

/// What an import of this file is refused with, directly and through a server; both must say the
/// same.
async fn refusal_of(content: &[u8]) -> String {
    let site = Site::sqlite().with_an_empty_shop().await;
    let path = site.write("products.csv", content);
    let arguments = ["import", "products", path.to_str().expect("a path in UTF-8")];
    let directly = site.czo(&arguments).await;
    let server = site.start().await;
    let through_the_server = site.czo(&arguments).await;
    assert_eq!(directly.refusal(), through_the_server.refusal());
    assert_eq!(server.owner().count().await, 0);
    directly.refusal().to_owned()
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let refused = site.czo(&["import", "products", "nowhere.csv"]).await;
    let sentence = refused.refusal();
    assert!(sentence.contains("nowhere.csv cannot be read"), "{sentence}");
}

#[tokio::test]
async fn a_folder_is_no_file() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let refused = site.czo(&["import", "products", "."]).await;
    assert!(refused.refusal().contains("is a folder: name a CSV file"), "{}", refused.stderr);
}

#[tokio::test]
async fn an_unknown_shop_is_refused_directly_and_by_the_server() {
    let site = Site::sqlite().with_an_empty_shop().await;
    site.write("products.csv", STATIONERY);
    let arguments = ["import", "products", "products.csv", "--shop", NOBODY];
    let directly = site.czo(&arguments).await;
    let server = site.start().await;
    for refused in [directly, site.czo(&arguments).await] {
        let sentence = refused.refusal();
        assert!(sentence.contains(NOBODY), "{sentence}");
        assert!(sentence.contains("`czo shops list`"), "{sentence}");
    }
    assert_eq!(server.owner().count().await, 0);
}

#[tokio::test]
async fn text_that_is_no_shop_id_is_a_wrong_use() {
    let site = Site::sqlite().with_an_empty_shop().await;
    site.write("products.csv", STATIONERY);
    let refused = site.czo(&["import", "products", "products.csv", "--shop", "mine"]).await;
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("shop_"), "{}", refused.stderr);
}

#[tokio::test]
async fn among_several_shops_one_must_be_named() {
    let site = Site::sqlite().with_an_empty_shop().await;
    site.open_shop("Second").await;
    site.write("products.csv", STATIONERY);
    let directly = site.czo(&["import", "products", "products.csv"]).await;
    let sentence = directly.refusal();
    assert!(sentence.contains("`--shop`") && sentence.contains("`czo shops list`"), "{sentence}");
    let _server = site.start().await;
    let refused = site.czo(&["import", "products", "products.csv"]).await;
    assert!(refused.refusal().contains("shop"), "{}", refused.stderr);
}

#[tokio::test]
async fn an_empty_file_has_no_header() {
    let sentence = refusal_of(b"").await;
    assert!(sentence.contains("the file is empty"), "{sentence}");
}

#[tokio::test]
async fn a_spreadsheet_is_no_csv_file() {
    let sentence = refusal_of(b"PK\x03\x04\x14\x00\x06\x00").await;
    assert!(sentence.contains("save it as CSV"), "{sentence}");
}

#[tokio::test]
async fn utf_16_is_refused_with_what_to_do() {
    let text: Vec<u8> = STATIONERY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sentence = refusal_of(&[&[0xff, 0xfe], &*text].concat()).await;
    assert!(sentence.contains("UTF-16") && sentence.contains("UTF-8"), "{sentence}");
}

#[tokio::test]
async fn missing_columns_are_named() {
    let sentence = refusal_of(b"Handle,Name,Variant Cost\na,A,1\n").await;
    assert!(sentence.contains("`Title`") && sentence.contains("`Variant Price`"), "{sentence}");
}

#[tokio::test]
async fn semicolons_are_refused_with_what_to_do() {
    let sentence = refusal_of(b"Handle;Title;Variant Price\na;A;1\n").await;
    assert!(sentence.contains("semicolons") && sentence.contains("commas"), "{sentence}");
}

#[tokio::test]
async fn a_server_that_is_named_must_answer() {
    let site = Site::sqlite().with_an_empty_shop().await;
    site.write("products.csv", STATIONERY);
    let nobody = "http://127.0.0.1:1";
    let refused = site.czo(&["import", "products", "products.csv", "--server", nobody]).await;
    assert!(refused.refusal().contains("no server answers at http://127.0.0.1:1"));
}

#[tokio::test]
async fn without_a_token_it_says_which_variable_to_set() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let server = site.start().await;
    let owner = server.owner();
    site.write("products.csv", STATIONERY);
    std::fs::remove_file(site.path(".czo/owner-token")).unwrap();
    let refused = site.czo(&["import", "products", "products.csv"]).await;
    assert!(refused.refusal().contains("set CZO_TOKEN"), "{}", refused.stderr);
    let away = Site::sqlite().with_an_empty_shop().await;
    let path = site.path("products.csv");
    let path = path.to_str().expect("a path in UTF-8");
    let arguments = ["import", "products", path, "--server", server.url()];
    let refused = away.czo(&arguments).await;
    assert!(refused.refusal().contains("set CZO_TOKEN"), "{}", refused.stderr);
    let stranger = away.with("CZO_TOKEN", "czo_of_nobody").czo(&arguments).await;
    assert!(!stranger.refusal().contains("CZO_TOKEN"), "{}", stranger.stderr);
    assert_eq!(owner.count().await, 0);
}

#[tokio::test]
async fn a_token_of_the_environment_is_used_for_a_server_elsewhere() {
    let home = Site::sqlite().with_an_empty_shop().await;
    let server = home.start().await;
    let away = Site::sqlite().with("CZO_TOKEN", &home.owner_token());
    away.write("products.csv", STATIONERY);
    let arguments = ["import", "products", "products.csv", "--server", server.url()];
    away.czo(&arguments).await.succeeded();
    assert_eq!(server.owner().count().await, 4);
}

#[tokio::test]
async fn a_server_by_https_is_refused_with_the_reason() {
    let site = Site::sqlite();
    for (server, reason) in [("https://shop.example", "has no TLS"), ("shop.example", "http://")] {
        let arguments = ["import", "products", "products.csv", "--server", server];
        let refused = site.czo(&arguments).await;
        assert_eq!(refused.status, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}
