//! The example works: what the catalogue publishes, the board shows.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use czo_catalog::{Catalog, ProductDraft, ProductStatus, Products, VariantDraft};
use czo_core::{RequestContext, SystemIds};
use czo_outbox::Relay;
use czo_runtime::{Config, Czo};
use first_domain::ReviewBoard;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_published_waits_for_a_review() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data_dir = folder.path().to_owned();
    let czo = Czo::builder().domain(Catalog::new()).domain(ReviewBoard).build().unwrap();
    let application = czo.boot(&config, None).await.unwrap();
    let shop = application.shops().create("Test", "EUR".parse().unwrap()).await.unwrap();

    let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
    let mug = ProductDraft {
        title: "Mug".to_owned(),
        status: ProductStatus::Active,
        variants: vec![VariantDraft { price: "9.80".to_owned(), ..VariantDraft::default() }],
        ..ProductDraft::default()
    };
    let mug = Products::new(application.context()).create(&ctx, mug).await.unwrap();
    // What a server does: takes the events from the outbox to whoever subscribed.
    let relay = Relay::new(application.outbox(), application.bus().clone()).spawn();
    assert!(relay.drain(Duration::from_secs(10)).await);

    let request = Request::get("/api/reviews/waiting").body(Body::empty()).unwrap();
    let response = application.router().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let waiting: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(waiting[0]["title"], "Mug");
    assert_eq!(waiting[0]["productId"], mug.id.to_string());
}
