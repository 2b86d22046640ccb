//! Files come in.

use std::io::{self, Read};

use czo_catalog::{CatalogError, Handle, ImportReport, ProductQuery, Tally};
use czo_testkit::on_each_database;

use crate::shop::{Fixture, shirt};

const HEADER: &str = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Vendor,Variant Grams\n";

fn file(rows: &[&str]) -> io::Cursor<Vec<u8>> {
    io::Cursor::new(format!("{HEADER}{}\n", rows.join("\n")).into_bytes())
}

async fn import(shop: &Fixture, rows: &[&str]) -> ImportReport {
    shop.products.import(&shop.owner, file(rows), |_| ()).await.unwrap()
}

fn tally(products: u64, rows: u64) -> Tally {
    Tally { products, rows }
}

fn handle(text: &str) -> Handle {
    text.parse().unwrap()
}

const SHIRTS: [&str; 4] = [
    "shirt,Shirt,Size,S,A-1,10.00,https://img.example/1.jpg,Me,300",
    "shirt,,,M,A-2,11.00,,,",
    "shirt,,,,,,https://img.example/2.jpg,,",
    "mug,Mug,Title,Default Title,M-1,5.00,,Me,",
];

on_each_database! {
    async fn rows_of_one_handle_are_one_product_with_variants_and_images(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let report = import(&shop, &SHIRTS).await;
        assert_eq!(report.created, tally(2, 4));
        assert_eq!(report.ignored_columns, ["Variant Grams"]);
        let shirt = shop.products.find_by_handle(&shop.owner, &handle("shirt")).await;
        let shirt = shirt.unwrap().unwrap();
        assert_eq!((shirt.variants.len(), shirt.images.len()), (2, 2));
        let mug = shop.products.find_by_handle(&shop.owner, &handle("mug")).await;
        assert!(mug.unwrap().unwrap().options.is_empty());
        assert_eq!(shop.events.take().await.len(), 4, "created and published, twice");
    }

    async fn importing_twice_changes_nothing_and_a_changed_row_one_product(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        import(&shop, &SHIRTS).await;
        let _ = shop.events.take().await;
        let again = import(&shop, &SHIRTS).await;
        assert_eq!((again.skipped, again.updated), (tally(2, 4), tally(0, 0)));
        assert!(shop.events.take().await.is_empty());

        let mut dearer = SHIRTS;
        dearer[1] = "shirt,,,M,A-2,12.00,,,";
        let changed = import(&shop, &dearer).await;
        assert_eq!((changed.updated, changed.skipped), (tally(1, 3), tally(1, 1)));
        assert_eq!(shop.events.take_types().await, ["product.item.updated"]);
    }

    async fn a_product_with_one_bad_row_is_rejected_whole_and_the_others_go_on(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let report =
            import(&shop, &["bad,Bad,Size,S,B-1,10,,,", "bad,,,M,B-2,-1,,,", SHIRTS[3]]).await;
        assert_eq!((report.rejected, report.created), (tally(1, 2), tally(1, 1)));
        let [error] = &report.errors[..] else { panic!("{:?}", report.errors) };
        assert_eq!((error.handle.as_deref(), error.error.line), (Some("bad"), 3));
        let bad = shop.products.find_by_handle(&shop.owner, &handle("bad")).await;
        assert_eq!(bad.unwrap(), None);
    }

    async fn a_sku_of_another_product_of_the_shop_rejects_the_row(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        shop.create(shirt()).await;
        let thief = ["thief,Thief,Size,S,OWN-1,1.00,,,", "thief,,,M,SHIRT-M,1.00,,,"];
        let report = import(&shop, &[thief[0], thief[1], SHIRTS[3]]).await;
        assert_eq!((report.rejected, report.created), (tally(1, 2), tally(1, 1)));
        let [error] = &report.errors[..] else { panic!("{:?}", report.errors) };
        assert_eq!(error.error.line, 3);
        assert!(error.error.reason.contains("`SHIRT-M`"), "{error:?}");
    }

    async fn a_file_that_breaks_off_imports_no_part_of_the_product_it_breaks_off_in(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let broken = file(&SHIRTS[..2]).chain(Broken);
        let error = shop.products.import(&shop.owner, broken, |_| ()).await.unwrap_err();
        assert!(matches!(error, CatalogError::File(_)), "{error}");
        let count = shop.products.count(&shop.owner, &ProductQuery::default()).await.unwrap();
        assert_eq!(count, 0);
    }

    async fn a_report_keeps_a_thousand_errors_and_counts_the_rest(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let rows: Vec<_> = (0..1_500).map(|n| format!("p-{n},P,,,,free,,,")).collect();
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        let report = import(&shop, &rows).await;
        assert_eq!(report.rejected, tally(1_500, 1_500));
        assert_eq!((report.errors.len(), report.more_errors), (1_000, 500));
    }

    async fn progress_is_told_after_every_product(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut rows = Vec::new();
        let report = shop
            .products
            .import(&shop.owner, file(&SHIRTS), |report| rows.push(report.rows()))
            .await
            .unwrap();
        assert_eq!(rows, [3, 4]);
        assert_eq!(report.rows(), 4);
    }
}

/// An input that fails when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}
