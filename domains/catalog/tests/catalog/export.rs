//! Files go out, and come in again.

use std::io::Cursor;

use czo_catalog::{Image, ProductStatus};
use czo_core::{Classified, ErrorKind, RequestContext};
use czo_testkit::on_each_database;
use futures_util::TryStreamExt;

use crate::shop::{Fixture, shirt, simple};

async fn export(shop: &Fixture, ctx: &RequestContext) -> Vec<u8> {
    let pages: Vec<_> = shop.products.export(ctx).try_collect().await.unwrap();
    pages.concat()
}

on_each_database! {
    async fn what_was_exported_comes_in_unchanged_and_builds_the_same_shop_elsewhere(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let mut nasty = shirt();
        nasty.description_html = "a \"quote\", a comma,\na line\r\n and =SUM(A1)".to_owned();
        nasty.vendor = "=cmd|' /C calc'!A0".to_owned();
        nasty.tags = vec!["'tick".to_owned(), "ünï".to_owned()];
        nasty.status = ProductStatus::Archived;
        nasty.images = (0..4)
            .map(|n| Image { url: format!("https://img.example/{n}.jpg"), alt: None })
            .collect();
        nasty.variants[1].compare_at_price = Some("30".to_owned());
        shop.create(nasty).await;
        for number in 0..205 {
            let mut draft = simple(&format!("Product {number}"));
            draft.variants[0].price = "7.00".to_owned();
            shop.create(draft).await;
        }
        let exported = export(&shop, &shop.owner).await;
        let again = shop
            .products
            .import(&shop.owner, Cursor::new(exported.clone()), |_| ())
            .await
            .unwrap();
        assert_eq!((again.skipped.products, again.rows()), (206, again.skipped.rows), "{again:?}");

        // The other shop counts in yen, which have no decimals, so `19.90` is refused there.
        let elsewhere = shop
            .products
            .import(&shop.other_shop, Cursor::new(exported), |_| ())
            .await
            .unwrap();
        assert_eq!((elsewhere.created.products, elsewhere.rejected.products), (205, 1));
    }

    async fn the_export_of_an_empty_shop_is_a_header(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let exported = String::from_utf8(export(&shop, &shop.owner).await).unwrap();
        assert_eq!(exported.lines().count(), 1);
        assert!(exported.starts_with("Handle,Title,"), "{exported}");
    }

    async fn a_visitor_exports_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let refused = shop.products.export(&shop.visitor).try_collect::<Vec<_>>().await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
}
