//! The demo shop of a first start.

use anyhow::Context;
use czo_catalog::Products;
use czo_core::{RequestContext, SystemIds};
use czo_runtime::Application;

const NAME: &str = "Lighthouse Goods";
const CURRENCY: &str = "EUR";
const PRODUCTS: &[u8] = include_bytes!("../demo/products.csv");

/// Opens the demo shop and fills it, if there is no shop yet.
pub(crate) async fn set_up(application: &Application) -> anyhow::Result<()> {
    if !application.shops().list().await?.is_empty() {
        return Ok(());
    }
    let shop = application.shops().create(NAME, CURRENCY.parse()?).await?;
    let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
    Products::new(application.context())
        .import(&ctx, PRODUCTS, |_| ())
        .await
        .context("the demo shop could not be filled")?;
    Ok(())
}
