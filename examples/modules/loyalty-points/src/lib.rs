//! Points for what customers buy, and more of them for products that are new.
//!
//! The catalogue's events say which products are new ([`new_products`]); the shop says what was
//! bought ([`purchases`]).

mod new_products;
mod purchases;
mod settings;

use czo_module_sdk::prelude::*;

struct LoyaltyPoints;

impl EventHandler for LoyaltyPoints {
    fn handle(event: Event) -> Result<(), Failure> {
        match event.event_type.as_str() {
            "product.item.published" => new_products::published(&event),
            "product.item.deleted" => new_products::deleted(&event),
            other => Err(Failure::broken(format!("nobody asked for {other}"))),
        }
    }
}

impl EndpointHandler for LoyaltyPoints {
    fn handle(request: Request) -> Result<Response, Failure> {
        match request.endpoint.as_str() {
            "balance" => purchases::balance(&request),
            "grant" => purchases::grant(&request),
            other => Err(Failure::not_found(format!("there is no endpoint {other}"))),
        }
    }
}

/// The shop that a call is for; the tables hold those of all shops.
fn shop_of(shop: Option<&String>) -> Result<&str, Failure> {
    shop.map(String::as_str).ok_or_else(|| Failure::invalid("points belong to a shop"))
}

czo_module_sdk::export!(LoyaltyPoints: EventHandler, EndpointHandler);
