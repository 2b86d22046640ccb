//! Prices that are not too low and end as the shop likes it.
//!
//! A hook is told the shop, not its currency: the rules are for currencies with two decimals.

mod price;

use czo_module_sdk::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use price::Price;

struct PriceRule;

/// What the shop has set; the defaults stand in the manifest.
#[derive(Deserialize)]
struct Settings {
    floor: Price,
    ending: Option<String>,
}

impl HookHandler for PriceRule {
    fn run(call: HookCall) -> Result<Answer, Failure> {
        let settings: Settings = config::get()?;
        // The whole of it, also what this rule knows nothing of: it is given back.
        let mut input: Value = call.decode()?;
        let variants = match call.point.as_str() {
            "product.create" => input.pointer_mut("/variants"),
            "product.update" => input.pointer_mut("/patch/variants"),
            other => return Err(Failure::broken(format!("nobody asked for {other}"))),
        };
        // A change that leaves the variants as they are has none.
        let variants = variants.and_then(Value::as_array_mut).into_iter().flatten();
        let mut changed = false;
        for price in variants.filter_map(|variant| variant.get_mut("price")) {
            // What is no price is left to the catalogue, which says so.
            let Some(said) = price.as_str().and_then(|text| text.parse::<Price>().ok()) else {
                continue;
            };
            if said < settings.floor {
                count("refused");
                let message = format!("a price is {said}; expected at least {}", settings.floor);
                return Ok(call.refuse("price_too_low", message));
            }
            let rounded = match &settings.ending {
                Some(ending) => said.ending_in(ending)?,
                None => said,
            };
            count(if rounded == said { "kept" } else { "changed" });
            changed |= rounded != said;
            *price = rounded.to_string().into();
        }
        if changed { call.changed(&input) } else { Ok(Answer::Unchanged) }
    }
}

fn count(outcome: &str) {
    metrics::counter("prices").add(1.0, &[("outcome", outcome)]);
}

czo_module_sdk::export!(PriceRule: HookHandler);
