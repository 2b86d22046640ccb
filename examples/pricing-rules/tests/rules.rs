//! The example works: prices follow the rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use czo_catalog::{Catalog, Product, ProductDraft, ProductPatch, Products, VariantDraft};
use czo_core::{Classified, RequestContext, SystemIds};
use czo_hooks::HookRegistry;
use czo_runtime::{Config, Czo};
use pricing_rules::{Quote, QuoteRequest, Quotes, catalog_rules, quote_rules};

fn rules() -> HookRegistry {
    let hooks = HookRegistry::new();
    catalog_rules(&hooks).unwrap();
    quote_rules(&hooks).unwrap();
    hooks
}

fn mug(price: &str) -> ProductDraft {
    ProductDraft {
        title: "Mug".to_owned(),
        variants: vec![VariantDraft { price: price.to_owned(), ..VariantDraft::default() }],
        ..ProductDraft::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_products_prices_end_in_90_and_none_is_ever_below_the_floor() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data_dir = folder.path().to_owned();
    let czo = Czo::builder().domain(Catalog::new()).hooks(rules()).build().unwrap();
    let application = czo.boot(&config, None).await.unwrap();
    let shop = application.shops().create("Test", "EUR".parse().unwrap()).await.unwrap();
    let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
    let products = Products::new(application.context());

    let created = products.create(&ctx, mug("19.20")).await.unwrap();
    assert_eq!(created.tags, ["prices end in 90"]);
    let stored: Product = products.find(&ctx, created.id).await.unwrap().unwrap();
    assert_eq!(stored.variants[0].price.amount(), "19.90");
    assert!(stored.tags.is_empty());

    let error = products.create(&ctx, mug("0.5")).await.unwrap_err();
    assert_eq!(error.to_string(), "a price is too low");
    assert_eq!(error.field_errors()[0].to_string(), "variants.0.price: expected at least 1.00");
    let error = products.create(&ctx, mug("cheap")).await.unwrap_err();
    assert_eq!(error.field_errors()[0].field, ["variants", "0", "price"]);
    let largest = format!("{}.15", u64::MAX / 100);
    let error = products.create(&ctx, mug(&largest)).await.unwrap_err();
    assert_eq!(error.field_errors()[0].field, ["variants", "0", "price"]);

    let cheaper = ProductPatch { variants: Some(mug("0.5").variants), ..ProductPatch::default() };
    let error = products.update(&ctx, created.id, None, cheaper).await.unwrap_err();
    assert_eq!(error.to_string(), "a price is too low");
}

#[tokio::test]
async fn ten_are_cheaper_and_a_large_order_ships_free() {
    let (quotes, ctx) = (Quotes::new(&rules()), RequestContext::system(&SystemIds));
    let quote = async |quantity| {
        quotes.quote(&ctx, QuoteRequest { quantity, unit_cents: 10_00 }).await.unwrap()
    };
    assert_eq!(quote(4).await, Quote { total_cents: 40_00, notes: Vec::new() });
    let notes = vec!["free shipping".to_owned()];
    assert_eq!(quote(10).await, Quote { total_cents: 90_00, notes });
}
