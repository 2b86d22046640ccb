//! An operation with a hook point of its own.

use czo_core::{Classified, ErrorKind, RequestContext};
use czo_hooks::{HookError, HookPoint, HookRegistry, Hooks, RegisterError};
use thiserror::Error;

/// A price is quoted.
#[derive(Clone, Copy, Debug)]
pub struct QuotePrice;

/// What a price is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub unit_cents: u64,
}

/// A price, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price.
    pub total_cents: u64,
    /// What is to be said about it.
    pub notes: Vec<String>,
}

/// Why there is no price.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QuoteError {
    /// It is more than can be counted.
    #[error("the total is too large")]
    TooLarge,
    /// A hook refused or failed.
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl Classified for QuoteError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge => ErrorKind::Invalid,
            Self::Hook(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Hook(error) if error.is_retryable())
    }
}

impl HookPoint for QuotePrice {
    const NAME: &'static str = "price.quote";
    type Input = QuoteRequest;
    type Output = Quote;
    type Error = QuoteError;
}

/// Quotes prices. It keeps its hooks, so that a quote looks nothing up.
#[derive(Clone, Debug)]
pub struct Quotes {
    hooks: Hooks<QuotePrice>,
}

impl Quotes {
    /// The service, around which `hooks` are called.
    #[must_use]
    pub fn new(hooks: &HookRegistry) -> Self {
        Self { hooks: hooks.point() }
    }

    /// What so many cost.
    ///
    /// # Errors
    ///
    /// [`QuoteError`].
    pub async fn quote(
        &self,
        ctx: &RequestContext,
        request: QuoteRequest,
    ) -> Result<Quote, QuoteError> {
        let quote = async |request: QuoteRequest| {
            let total = request.unit_cents.checked_mul(u64::from(request.quantity));
            let total_cents = total.ok_or(QuoteError::TooLarge)?;
            Ok(Quote { total_cents, notes: Vec::new() })
        };
        self.hooks.run(ctx, request, quote).await
    }
}

/// Registers a volume discount and a note about shipping.
///
/// # Errors
///
/// When `hooks` has hooks of these names already.
pub fn quote_rules(hooks: &HookRegistry) -> Result<(), RegisterError> {
    hooks
        .before::<QuotePrice>("pricing.volume")
        .register(|_ctx, request| {
            if request.quantity >= 10 {
                request.unit_cents -= request.unit_cents / 10;
            }
            Ok(())
        })?
        .detach();
    hooks
        .after::<QuotePrice>("shipping.free")
        .register(|_ctx, quote| {
            if quote.total_cents >= 50_00 {
                quote.notes.push("free shipping".to_owned());
            }
            Ok(())
        })?
        .detach();
    Ok(())
}
