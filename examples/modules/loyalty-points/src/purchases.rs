//! The points of a customer.

use czo_module_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::{new_products, shop_of};

/// How many purchases are shown.
const SHOWN: i64 = 50;

#[derive(Deserialize)]
struct Purchase {
    purchase: String,
    amount: i64,
    #[serde(default)]
    products: Vec<String>,
}

#[derive(Serialize)]
struct Granted<'a> {
    customer: &'a str,
    purchase: &'a str,
    granted: i64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "camelCase"))]
struct Entry {
    purchase: String,
    points: i64,
    granted_at: i64,
}

#[derive(Serialize)]
struct Balance<'a> {
    customer: &'a str,
    points: i64,
    purchases: Vec<Entry>,
}

/// `POST /points/{customer}`: the points for a purchase. What has its points already gets none.
pub fn grant(request: &Request) -> Result<Response, Failure> {
    let shop = shop_of(request.context.shop.as_ref())?;
    let customer = request.param("customer")?;
    let Purchase { purchase, amount, products } = request.json()?;
    let settings = Settings::of_the_shop()?;
    let for_money = amount.saturating_mul(settings.points_per_unit);
    let new = new_products::among(shop, &products, settings.new_since())?;
    let for_news = new.saturating_mul(settings.new_product_bonus);
    let points = for_money.saturating_add(for_news);
    let added = sql::execute(
        "INSERT INTO mod_loyalty_points__purchase (shop, purchase, customer, points, granted_at)
         VALUES (?, ?, ?, ?, ?) ON CONFLICT (shop, purchase) DO NOTHING",
        (shop, &purchase, customer, points, i64::try_from(clock::now_ms()).unwrap_or(i64::MAX)),
    )?;
    if added == 0 {
        let granted = Granted { customer, purchase: &purchase, granted: 0 };
        return Response::json(200, &granted);
    }
    let granted = Granted { customer, purchase: &purchase, granted: points };
    publisher::publish("loyalty_points.points.granted", Some(customer), &granted)?;
    metrics::counter("granted").add(for_money as f64, &[("reason", "purchase")]);
    metrics::counter("granted").add(for_news as f64, &[("reason", "new product")]);
    metrics::histogram("purchase_points").record(points as f64, &[]);
    Response::json(201, &granted)
}

/// `GET /points/{customer}`: a customer without a purchase has no points.
pub fn balance(request: &Request) -> Result<Response, Failure> {
    #[derive(Deserialize)]
    struct Sum {
        points: i64,
    }

    let shop = shop_of(request.context.shop.as_ref())?;
    let customer = request.param("customer")?;
    let sum: Option<Sum> = sql::first(
        "SELECT CAST(COALESCE(SUM(points), 0) AS bigint) AS points
         FROM mod_loyalty_points__purchase WHERE shop = ? AND customer = ?",
        (shop, customer),
    )?;
    let purchases = sql::query(
        "SELECT purchase, points, granted_at FROM mod_loyalty_points__purchase
         WHERE shop = ? AND customer = ? ORDER BY granted_at DESC, purchase LIMIT ?",
        (shop, customer, SHOWN),
    )?;
    let points = sum.map_or(0, |sum| sum.points);
    Response::json(200, &Balance { customer, points, purchases })
}
