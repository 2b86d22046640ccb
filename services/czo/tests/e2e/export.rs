//! `czo export products`, and what comes of importing it again.

use serde_json::{Value, json};

use crate::import::STATIONERY;
use crate::support::{Client, Finished, Server, Site, on_each_database};

async fn import(site: &Site, name: &str) -> Finished {
    site.czo(&["import", "products", name, "--json"]).await
}

/// The export that the command prints.
async fn export(site: &Site) -> String {
    site.czo(&["export", "products"]).await.succeeded().stdout
}

/// A site whose empty shop got what a file of this content says, and its server.
async fn filled(site: Site, content: &str) -> (Server, Site) {
    let site = site.with_an_empty_shop().await;
    site.write("products.csv", content);
    import(&site, "products.csv").await.succeeded();
    (site.start().await, site)
}

/// A product without what another shop gives it anew.
async fn content(client: &Client, handle: &str) -> Value {
    let mut product = client.product(handle).await;
    assert!(product.is_object(), "there is no {handle}");
    product["id"] = Value::Null;
    for variant in product["variants"].as_array_mut().expect("variants") {
        variant["id"] = Value::Null;
    }
    product
}

on_each_database! {
    async fn what_one_server_exported_another_one_exports_to_the_byte(site: Site) {
        let (_first, home) = filled(site, STATIONERY).await;
        let exported = export(&home).await;
        let (_second, away) = filled(Site::sqlite(), &exported).await;
        assert_eq!(export(&away).await, exported);
        assert_eq!(exported.lines().filter(|line| line.contains("dip-pen")).count(), 4);
    }

    async fn importing_its_own_export_changes_nothing(site: Site) {
        let server = site.start().await;
        let before = server.owner().versions().await;
        site.write("export.csv", export(&site).await);
        let report = import(&site, "export.csv").await.succeeded().json();
        assert_eq!(report["skipped"]["products"], 12, "{report}");
        assert_eq!(server.owner().versions().await, before);
    }

    async fn directly_the_export_is_that_of_the_server(site: Site) {
        let server = site.start().await;
        let through_the_server = export(&site).await;
        assert_eq!(server.owner().export().await, through_the_server);
        server.stop().await.succeeded();
        assert_eq!(export(&site).await, through_the_server);
    }

    async fn more_than_a_page_of_products_is_exported_in_order(site: Site) {
        let mut file = "Handle,Title,Variant Price\n".to_owned();
        for n in 0..250 {
            file.push_str(&format!("p{n},P,1\n"));
        }
        let (_server, site) = filled(site, &file).await;
        let exported = export(&site).await;
        let handles: Vec<_> =
            exported.lines().skip(1).map(|line| line.split(',').next().unwrap_or("")).collect();
        let expected: Vec<_> = (0..250).map(|n| format!("p{n}")).collect();
        assert_eq!(handles, expected);
    }
}

#[tokio::test]
async fn awkward_texts_come_back_as_they_were_and_none_is_a_formula() {
    let awkward = json!({
        "handle": "awkward",
        "title": "=HYPERLINK(\"http://x\",\"y\")",
        "descriptionHtml": "<p>\"a\",\r\nb</p>\n\n'c'\t=1\n",
        "vendor": "@vendor, \"quoted\"",
        "productType": "'=already marked",
        "status": "ACTIVE",
        "tags": ["=tag", "two \"words\"", "-tag(1)"],
        "options": ["+Size(1)", "Colour"],
        "images": [{ "url": "https://images.example/a,b.jpg?c=\"d\"", "alt": "-1+1|x" }],
        "variants": [
            { "optionValues": ["=S", "Default Title"], "price": "1", "sku": "=SKU",
              "barcode": "+1(2)", "inventoryQuantity": -7 },
            { "optionValues": ["''=S", "\"L\", or so"], "price": "0.01", "sku": "-5" },
        ],
    });
    let home = Site::sqlite().with_an_empty_shop().await;
    let server = home.start().await;
    let created = server.owner().create(awkward).await;
    assert_eq!(created["userErrors"], json!([]), "{created:#}");
    let exported = export(&home).await;
    for formula in [",=", ",@", ",\"=", ",\"@", ",+Size", ",-1+1"] {
        assert!(!exported.contains(formula), "{formula} in\n{exported}");
    }

    let (second, away) = filled(Site::sqlite(), &exported).await;
    assert_eq!(export(&away).await, exported);
    let (before, after) = (server.owner(), second.owner());
    assert_eq!(content(&after, "awkward").await, content(&before, "awkward").await);
}

#[tokio::test]
async fn whatever_the_api_accepts_can_be_exported() {
    let cases = [
        json!({ "options": ["Title"],
                "variants": [{ "price": "1", "optionValues": ["Default Title"] }] }),
        json!({ "images": [{ "url": "https://?x" }] }),
        json!({ "images": [{ "url": "https://@x" }] }),
        json!({ "images": [{ "url": "https://a/1" }, { "url": "https://a/1" }] }),
        json!({ "vendor": "\u{feff}x\u{200b}" }),
        json!({ "title": format!("={}", "x".repeat(254)) }),
        json!({ "tags": ["a\"b", "'=c", "d;e"] }),
        json!({ "variants": [{ "price": "1", "inventoryQuantity": i32::MIN }] }),
    ];
    let site = Site::sqlite().with_an_empty_shop().await;
    let server = site.start().await;
    let owner = server.owner();
    for fields in cases {
        let created = owner.create(fields.clone()).await;
        // What the format cannot hold must be refused here; once it is in, nothing may stop an
        // export.
        let Some(id) = created["product"]["id"].as_str() else { continue };
        let answer = owner.get("/api/catalog/export").await;
        assert_eq!(answer.status(), 200, "{fields}: {}", answer.text().await.unwrap());
        owner.delete(id).await;
    }
}

#[tokio::test]
async fn an_export_to_a_file_replaces_it_whole_and_leaves_nothing_beside_it() {
    let site = Site::sqlite();
    let _server = site.start().await;
    site.write("out/products.csv", "what was there before");
    site.czo(&["export", "products", "--output", "out/products.csv"]).await.succeeded();
    assert_eq!(site.read("out/products.csv"), export(&site).await);
    let beside = std::fs::read_dir(site.path("out")).unwrap().count();
    assert_eq!(beside, 1);
}

#[tokio::test]
async fn an_export_to_a_place_that_cannot_be_written_names_it() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let refused = site.czo(&["export", "products", "--output", "no/such/folder.csv"]).await;
    assert!(refused.refusal().contains("no/such/folder.csv cannot be written"));
}

#[tokio::test]
async fn an_empty_shop_exports_a_header_that_can_be_imported() {
    let site = Site::sqlite().with_an_empty_shop().await;
    let exported = export(&site).await;
    assert_eq!(exported.lines().count(), 1);
    assert!(exported.starts_with("Handle,Title,Body (HTML)"), "{exported}");
    site.write("empty.csv", exported);
    let report = import(&site, "empty.csv").await.succeeded().json();
    assert_eq!(report["created"]["products"], 0);
}
