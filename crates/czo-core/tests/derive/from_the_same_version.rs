use czo_core::Event;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 2)]
struct Old;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, Event)]
#[event("product.item.created", version = 2, from = Old)]
struct Created;

impl From<Old> for Created {
    fn from(_: Old) -> Self {
        Self
    }
}

fn main() {}
