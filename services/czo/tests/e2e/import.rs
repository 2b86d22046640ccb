//! `czo import products`, through the server and directly on the database.

use serde_json::{Value, json};

use crate::support::{Client, Finished, Server, Site};

/// Four products in eight rows: options, images, several lines in a cell, a draft.
pub(crate) const STATIONERY: &str = include_str!("fixtures/stationery.csv");

/// A site whose shop is empty, and the server on it, if imports are to go through one.
struct Shop {
    server: Option<Server>,
    site: Site,
}

impl Shop {
    async fn open(site: Site, through_a_server: bool) -> Self {
        let site = site.with_an_empty_shop().await;
        let server = if through_a_server { Some(site.start().await) } else { None };
        Self { server, site }
    }

    async fn import(&self, file: &str, options: &[&str]) -> Finished {
        let path = self.site.write("products.csv", file);
        let path = path.to_str().expect("a path in UTF-8");
        let mut arguments = vec!["import", "products", path];
        arguments.extend(options);
        self.site.czo(&arguments).await
    }

    /// Imports a file and gives the report.
    async fn report(&self, file: &str) -> (Option<i32>, Value) {
        let finished = self.import(file, &["--json"]).await;
        (finished.status, finished.json())
    }

    /// The owner of the shop, to look at what the imports have done.
    async fn owner(&mut self) -> Client {
        if self.server.is_none() {
            self.server = Some(self.site.start().await);
        }
        self.server.as_ref().expect("it is started").owner()
    }
}

fn tally(products: u64, rows: u64) -> Value {
    json!({ "products": products, "rows": rows })
}

/// Turns each test into three: through a server on each database, and directly on the embedded
/// one.
macro_rules! in_each_way {
    ($(async fn $name:ident(mut $shop:ident: Shop) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                async fn test(mut $shop: Shop) $body

                #[tokio::test]
                async fn through_a_server_on_sqlite() {
                    test(Shop::open(Site::sqlite(), true).await).await;
                }

                #[tokio::test]
                async fn through_a_server_on_postgres() {
                    test(Shop::open(Site::postgres().await, true).await).await;
                }

                #[tokio::test]
                async fn directly_on_sqlite() {
                    test(Shop::open(Site::sqlite(), false).await).await;
                }
            }
        )+
    };
}

in_each_way! {
    async fn the_products_of_a_file_are_created(mut shop: Shop) {
        let (status, report) = shop.report(STATIONERY).await;
        assert_eq!(status, Some(0), "{report}");
        assert_eq!(report["created"], tally(4, 8));
        for other in ["updated", "skipped", "rejected"] {
            assert_eq!(report[other], tally(0, 0), "{other}");
        }
        assert_eq!((&report["errors"], &report["moreErrors"]), (&json!([]), &json!(0)));

        let pen = shop.owner().await.product("dip-pen").await;
        assert_eq!(pen["tags"], json!(["pens", "gift"]));
        let description = pen["descriptionHtml"].as_str().expect("a text");
        assert!(description.starts_with("<p>A holder of pear wood.</p>\n<p>Called \"the quill\""));
        assert_eq!(pen["options"][1], json!({ "name": "Wood", "values": ["Pear", "Plum"] }));
        assert_eq!(pen["images"].as_array().map(Vec::len), Some(2));
        let third = &pen["variants"][2];
        assert_eq!(third["sku"], "PEN-F-U");
        assert_eq!(third["compareAtPrice"]["amount"], "18.00");
        assert_eq!(shop.owner().await.product("seal").await["status"], "DRAFT");
    }

    async fn the_same_file_again_changes_nothing(mut shop: Shop) {
        shop.report(STATIONERY).await;
        let (status, report) = shop.report(STATIONERY).await;
        assert_eq!(status, Some(0), "{report}");
        assert_eq!(report["skipped"], tally(4, 8));
        assert_eq!((&report["created"], &report["updated"]), (&tally(0, 0), &tally(0, 0)));
        let versions = shop.owner().await.versions().await;
        assert!(versions.iter().all(|(_, version)| *version == 1), "{versions:?}");
        assert_eq!(versions.len(), 4);
    }

    async fn a_changed_price_changes_its_product_and_no_other(mut shop: Shop) {
        shop.report(STATIONERY).await;
        let (status, report) = shop.report(&STATIONERY.replace("19.00", "21.00")).await;
        assert_eq!(status, Some(0), "{report}");
        assert_eq!((&report["updated"], &report["skipped"]), (&tally(1, 2), &tally(3, 6)));

        let owner = shop.owner().await;
        let changed = owner.versions().await.into_iter().filter(|(_, version)| *version != 1);
        assert_eq!(changed.collect::<Vec<_>>(), [("notebook".to_owned(), 2)]);
        assert_eq!(owner.product("notebook").await["variants"][1]["price"]["amount"], "21.00");
    }

    async fn a_product_with_a_wrong_row_is_rejected_whole_and_the_others_are_not(mut shop: Shop) {
        let bad = STATIONERY.replace("0,16.00,18.00", "0,-16.00,18.00");
        let (status, report) = shop.report(&bad).await;
        assert_eq!(status, Some(2), "{report}");
        assert_eq!((&report["created"], &report["rejected"]), (&tally(3, 4), &tally(1, 4)));
        let error = &report["errors"][0];
        assert_eq!((&error["handle"], &error["line"]), (&json!("dip-pen"), &json!(5)));
        assert_eq!(error["column"], "Variant Price");
        assert!(error["reason"].as_str().is_some_and(|reason| reason.contains("-16.00")));
        assert_eq!(report["errors"].as_array().map(Vec::len), Some(1), "{report}");

        let owner = shop.owner().await;
        assert!(owner.product("dip-pen").await.is_null());
        assert_eq!(owner.count().await, 3);
    }

    async fn a_rejected_product_that_the_shop_has_stays_as_it_was(mut shop: Shop) {
        shop.report(STATIONERY).await;
        let bad = STATIONERY.replace("19.00", "nineteen").replace("A grey notebook", "Black");
        let (status, report) = shop.report(&bad).await;
        assert_eq!((status, &report["skipped"]), (Some(2), &tally(3, 6)), "{report}");
        let notebook = shop.owner().await.product("notebook").await;
        assert_eq!(notebook["images"][0]["alt"], "A grey notebook");
        assert_eq!((&notebook["version"], &notebook["variants"][1]["price"]["amount"]),
            (&json!(1), &json!("19.00")));
    }

    async fn a_sku_that_another_product_of_the_shop_has_rejects_the_product(mut shop: Shop) {
        shop.report(STATIONERY).await;
        let file = "Handle,Title,Variant Price,Variant SKU\nblotter,Blotter,3.50,INK-50\n";
        let (status, report) = shop.report(file).await;
        assert_eq!((status, &report["rejected"]), (Some(2), &tally(1, 1)), "{report}");
        let error = &report["errors"][0];
        assert_eq!(error["line"], 2);
        assert!(error["reason"].as_str().is_some_and(|reason| reason.contains("SKU")), "{error}");
        assert!(shop.owner().await.product("blotter").await.is_null());
    }
}

#[tokio::test]
async fn a_file_is_imported_directly_into_postgres_as_well() {
    let mut shop = Shop::open(Site::postgres().await, false).await;
    let (_, report) = shop.report(STATIONERY).await;
    assert_eq!(report["created"], tally(4, 8), "{report}");
    let (_, report) = shop.report(STATIONERY).await;
    assert_eq!(report["skipped"], tally(4, 8), "{report}");
    assert_eq!(shop.owner().await.count().await, 4);
}

#[tokio::test]
async fn people_read_what_was_done_and_each_rejected_row_with_its_line() {
    let shop = Shop::open(Site::sqlite(), false).await;
    let bad = STATIONERY.replace("9.90", "?").replace("75.00", "");
    let finished = shop.import(&bad, &[]).await;
    assert_eq!(finished.status, Some(2));
    let lines: Vec<Vec<&str>> =
        finished.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["created", "2", "products", "6", "rows"]);
    assert_eq!(lines[3], ["rejected", "2", "products", "2", "rows"]);
    for expected in ["iron-gall-ink: line 7, column `Variant Price`:", "seal: line 10, column"] {
        assert!(finished.stderr.contains(expected), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn columns_that_are_not_imported_though_they_hold_values_are_named() {
    let shop = Shop::open(Site::sqlite(), true).await;
    let file = "Handle,Title,Variant Price,Variant Grams,Gift Card\nseal,Seal,75,300,\n";
    let (status, report) = shop.report(file).await;
    assert_eq!((status, &report["ignoredColumns"]), (Some(0), &json!(["Variant Grams"])));
    let printed = shop.import(file, &[]).await.stdout;
    assert!(printed.contains("not imported, though they hold values: Variant Grams"), "{printed}");
}

#[tokio::test]
async fn a_variant_that_left_the_file_leaves_the_product() {
    let mut shop = Shop::open(Site::sqlite(), false).await;
    shop.report(STATIONERY).await;
    let without = STATIONERY.replace("notebook,,,,,,,,A4,,,NB-A4,80,19.00,,,,,,\n", "");
    assert_ne!(without, STATIONERY);
    let (_, report) = shop.report(&without).await;
    assert_eq!(report["updated"], tally(1, 1), "{report}");
    let notebook = shop.owner().await.product("notebook").await;
    assert_eq!(notebook["variants"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_report_keeps_a_thousand_errors_and_counts_the_rest() {
    let shop = Shop::open(Site::sqlite(), true).await;
    let mut file = "Handle,Title,Variant Price\n".to_owned();
    for n in 0..1_200 {
        file.push_str(&format!("p{n},P,minus\n"));
    }
    let (status, report) = shop.report(&file).await;
    assert_eq!((status, &report["rejected"]), (Some(2), &tally(1_200, 1_200)));
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(1_000));
    assert_eq!(report["moreErrors"], 200);
    let stderr = shop.import(&file, &[]).await.stderr;
    assert!(stderr.contains("and 1150 more errors"), "{}", stderr.len());
}

#[tokio::test]
async fn of_several_shops_the_one_that_is_named_gets_the_products() {
    let mut shop = Shop::open(Site::sqlite(), true).await;
    let second = shop.site.open_shop("Second").await;
    shop.import(STATIONERY, &["--shop", &second]).await.succeeded();
    let owner = shop.owner().await;
    let request = owner.request(reqwest::Method::GET, "/api/catalog/export");
    let export = request.header("X-Czo-Shop", &second).send().await.unwrap();
    assert!(export.text().await.unwrap().contains("dip-pen"));
    let shops = shop.site.czo(&["shops", "list", "--json"]).await.json();
    let first = shops[0]["id"].as_str().unwrap();
    let export = shop.site.czo(&["export", "products", "--shop", first]).await.succeeded();
    assert_eq!(export.stdout.lines().count(), 1, "only the header: {}", export.stdout);
}
