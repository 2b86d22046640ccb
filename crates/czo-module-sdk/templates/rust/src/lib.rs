//! Counts the products that were published.

use czo_module_sdk::prelude::*;
use serde::{Deserialize, Serialize};

struct Module;

/// What the module needs of the event; the rest of it is left out.
#[derive(Deserialize)]
struct ProductPublished {
    title: String,
}

#[derive(Serialize)]
struct Count {
    published: i64,
}

impl EventHandler for Module {
    fn handle(event: Event) -> Result<(), Failure> {
        let product: ProductPublished = event.decode()?;
        // An event may arrive more than once, always with the same id.
        if kv::compare_and_set(&format!("seen/{}", event.id), None, b"")? {
            let published = kv::increment("published", 1)?;
            log::info(&product.title, &[("published", &published)]);
        }
        Ok(())
    }
}

impl EndpointHandler for Module {
    fn handle(request: Request) -> Result<Response, Failure> {
        match request.endpoint.as_str() {
            "count" => {
                let published = kv::get("published")?.unwrap_or(0);
                Response::json(200, &Count { published })
            }
            other => Err(Failure::not_found(format!("there is no endpoint {other}"))),
        }
    }
}

czo_module_sdk::export!(Module: EventHandler, EndpointHandler);
