use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.changed", version = 1)]
struct Changed;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 2, from = Changed)]
struct Created;

impl From<Changed> for Created {
    fn from(_: Changed) -> Self {
        Self
    }
}

fn main() {}
