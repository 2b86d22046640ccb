use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 1, key = "product_id", key = "shop_id")]
struct Created {
    product_id: String,
    shop_id: String,
}

fn main() {}
