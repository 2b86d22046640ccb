//! Which products are new.

use czo_module_sdk::prelude::*;
use serde::Deserialize;

use crate::shop_of;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    product_id: String,
    handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    product_id: String,
}

/// Remembers a product from when it was first published. The event may come twice, and a product
/// may be hidden and published again: the first time counts.
pub fn published(event: &Event) -> Result<(), Failure> {
    let product: Published = event.decode()?;
    let shop = shop_of(event.shop.as_ref())?;
    let at = i64::try_from(event.time).unwrap_or(i64::MAX);
    sql::execute(
        "INSERT INTO mod_loyalty_points__new_product (shop, product_id, handle, published_at)
         VALUES (?, ?, ?, ?)
         ON CONFLICT (shop, product_id) DO UPDATE SET handle = excluded.handle",
        (shop, &product.product_id, &product.handle, at),
    )?;
    log::debug("a product is new", &[("product", &product.handle)]);
    Ok(())
}

/// Forgets a product.
pub fn deleted(event: &Event) -> Result<(), Failure> {
    let product: Deleted = event.decode()?;
    sql::execute(
        "DELETE FROM mod_loyalty_points__new_product WHERE shop = ? AND product_id = ?",
        (shop_of(event.shop.as_ref())?, &product.product_id),
    )?;
    Ok(())
}

/// How many of these products were published after `since`.
pub fn among(shop: &str, handles: &[String], since: i64) -> Result<i64, Failure> {
    #[derive(Deserialize)]
    struct Count {
        many: i64,
    }

    if handles.is_empty() {
        return Ok(0);
    }
    let places = vec!["?"; handles.len()].join(", ");
    let text = format!(
        "SELECT COUNT(*) AS many FROM mod_loyalty_points__new_product
         WHERE shop = ? AND published_at > ? AND handle IN ({places})"
    );
    let mut values = vec![sql::Value::Text(shop.to_owned()), sql::Value::Integer(since)];
    values.extend(handles.iter().map(sql::ToValue::to_value));
    let count: Option<Count> = sql::first(&text, values)?;
    Ok(count.map_or(0, |count| count.many))
}
