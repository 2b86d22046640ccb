use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 1, since = 0)]
struct Created;

fn main() {}
