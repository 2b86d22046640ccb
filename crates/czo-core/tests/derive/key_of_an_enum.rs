use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 1, key = "product_id")]
enum Created {
    Product { product_id: String },
}

fn main() {}
