//! The demo shop of a first start.

use std::fs;
use std::io::ErrorKind;

use anyhow::Context;
use czo_catalog::Products;
use czo_core::{RequestContext, Shop, ShopDirectory, SystemIds};
use czo_runtime::Application;

const NAME: &str = "Lighthouse Goods";
const CURRENCY: &str = "EUR";
const PRODUCTS: &[u8] = include_bytes!("../demo/products.csv");

/// There from before the shop is opened until it is filled, so that a start which was cut off in
/// between is finished by the next one.
const UNFINISHED: &str = "demo-unfinished";

/// Opens the demo shop and fills it, if there is no shop yet. Of several servers that start at
/// once, one does.
pub(crate) async fn set_up(application: &Application) -> anyhow::Result<()> {
    let shops = application.shops();
    let folder = &application.config().data_dir;
    let unfinished = folder.join(UNFINISHED);
    let name = || unfinished.display().to_string();
    let shop = if shops.list().await?.is_empty() {
        fs::create_dir_all(folder).with_context(name)?;
        fs::write(&unfinished, "").with_context(name)?;
        shops.create_first(NAME, CURRENCY.parse()?).await?
    } else if unfinished.exists() {
        shops.only_shop().await?
    } else {
        None
    };
    if let Some(shop) = shop {
        fill(application, &shop).await.context("the demo shop could not be filled")?;
    }
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(name),
        _ => Ok(()),
    }
}

/// Filling twice changes nothing.
async fn fill(application: &Application, shop: &Shop) -> anyhow::Result<()> {
    let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
    let report = Products::new(application.context()).import(&ctx, PRODUCTS, |_| ()).await?;
    anyhow::ensure!(report.errors.is_empty(), "{}", report.errors[0].error);
    Ok(())
}
