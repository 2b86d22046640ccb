use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 1, key = "productId")]
#[serde(rename_all = "camelCase")]
struct Created {
    product_id: String,
}

fn main() {}
