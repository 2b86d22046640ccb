#![doc = include_str!("../README.md")]

mod quote;
mod rules;

pub use quote::{Quote, QuoteError, QuotePrice, QuoteRequest, Quotes, quote_rules};
pub use rules::{FLOOR_CENTS, catalog_rules};
