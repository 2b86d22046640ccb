//! What the shop has set; the defaults stand in the manifest.

use czo_module_sdk::prelude::*;
use serde::Deserialize;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub points_per_unit: i64,
    pub new_product_bonus: i64,
    new_product_days: u64,
}

impl Settings {
    /// Those of the shop of the call.
    pub fn of_the_shop() -> Result<Self, Failure> {
        config::get()
    }

    /// A product that was published after this, in milliseconds since 1970, is new.
    pub fn new_since(&self) -> i64 {
        let since = clock::now_ms().saturating_sub(self.new_product_days * DAY_MS);
        i64::try_from(since).unwrap_or(i64::MAX)
    }
}
