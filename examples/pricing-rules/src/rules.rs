//! Rules at the points of the catalogue.

use czo_catalog::hooks::{ProductCreate, ProductUpdate};
use czo_catalog::{ProductDraft, VariantDraft};
use czo_core::{FieldErrorCode, RequestContext};
use czo_hooks::{BeforeError, HookRegistry, Refusal, RegisterError};

/// Nothing is sold for less. In a currency whose amounts have two decimals, as in all of these
/// rules: a hook is told the shop, not its currency.
pub const FLOOR_CENTS: u64 = 100;

/// Registers the rules, for as long as the program runs.
///
/// # Errors
///
/// When `hooks` has hooks of these names already.
pub fn catalog_rules(hooks: &HookRegistry) -> Result<(), RegisterError> {
    hooks
        .before::<ProductCreate>("pricing.floor")
        .runs_before("pricing.charm")
        .register(|_ctx, draft| refuse_below_the_floor(&draft.variants))?
        .detach();
    hooks
        .before::<ProductUpdate>("pricing.floor")
        .register(|_ctx, change| match &change.patch.variants {
            Some(variants) => refuse_below_the_floor(variants),
            None => Ok(()),
        })?
        .detach();
    hooks.before::<ProductCreate>("pricing.charm").register(end_in_90)?.detach();
    // Only what the answer says: the product is stored by now. Where this fails, the answer goes
    // out without it.
    hooks
        .after::<ProductCreate>("pricing.note")
        .fail_open()
        .register(|_ctx, product| {
            product.tags.push("prices end in 90".to_owned());
            Ok(())
        })?
        .detach();
    Ok(())
}

fn refuse_below_the_floor(variants: &[VariantDraft]) -> Result<(), BeforeError> {
    let mut prices = variants.iter().map(|variant| cents(&variant.price));
    let below = |price: Option<u64>| price.is_some_and(|price| price < FLOOR_CENTS);
    match prices.position(below) {
        None => Ok(()),
        Some(place) => Err(Refusal::new("a price is too low")
            .field(
                &format!("variants.{place}.price"),
                FieldErrorCode::Invalid,
                format!("expected at least {}", amount(FLOOR_CENTS)),
            )
            .into()),
    }
}

/// 19.20 becomes 19.90, and so does 19.00; what ends in 90 stays.
fn end_in_90(_: &RequestContext, draft: &mut ProductDraft) -> Result<(), BeforeError> {
    for variant in &mut draft.variants {
        // What is no price, or too large for one, is left to the catalogue, which says so.
        let ends_in_90 = |price: u64| (price / 100 * 100).checked_add(90);
        if let Some(price) = cents(&variant.price).and_then(ends_in_90) {
            variant.price = amount(price);
        }
    }
    Ok(())
}

/// The cents of a price such as `19`, `19.9` or `19.90`.
fn cents(price: &str) -> Option<u64> {
    let (major, minor) = price.split_once('.').unwrap_or((price, "0"));
    let minor: u64 = match minor.len() {
        1 => minor.parse::<u64>().ok()? * 10,
        2 => minor.parse().ok()?,
        _ => return None,
    };
    major.parse::<u64>().ok()?.checked_mul(100)?.checked_add(minor)
}

fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
