//! What one answer may cost, charged while it is being made.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Context, Error, Name, Positioned};

use crate::error::coded;

/// What a call to the database costs.
pub const STATEMENT_UNITS: usize = 100;
/// How many bytes of a text, or of a name in the answer, cost as much as a field.
const BYTES_PER_UNIT: usize = 64;

/// What is left of what one answer may cost. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct AnswerBudget {
    spent: Arc<AtomicU64>,
    max: usize,
}

impl AnswerBudget {
    pub(crate) fn new(max: usize) -> Self {
        Self { spent: Arc::default(), max }
    }

    pub(crate) fn is_exceeded(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > as_u64(self.max)
    }

    /// The error of an answer that is not given.
    pub(crate) fn error(&self) -> Error {
        let message = format!(
            "the answer is too large: {} fields are allowed, where large texts count for many; \
             ask for less at once",
            self.max
        );
        coded(message, "TOO_LARGE", false)
    }

    fn charge(&self, units: usize) -> Result<(), Error> {
        // So that the sum of all charges of a request fits.
        let units = as_u64(units).min(u64::from(u32::MAX));
        self.spent.fetch_add(units, Ordering::Relaxed);
        if self.is_exceeded() { Err(self.error()) } else { Ok(()) }
    }
}

/// Charges the answer of this request for `units` of what
/// [`max_answer_fields`](crate::GraphqlOptions::max_answer_fields) allows. Call it before the
/// work: once it has failed, it fails for every resolver of the request.
///
/// # Errors
///
/// An error with the code `TOO_LARGE` when the answer would be too large.
pub fn charge(ctx: &Context<'_>, units: usize) -> Result<(), Error> {
    match ctx.data_opt::<AnswerBudget>() {
        Some(budget) => budget.charge(units),
        None => Ok(()),
    }
}

/// Charges for a call to the database, [`STATEMENT_UNITS`].
///
/// # Errors
///
/// As [`charge`].
pub fn charge_statement(ctx: &Context<'_>) -> Result<(), Error> {
    charge(ctx, STATEMENT_UNITS)
}

/// Charges for a text: a field for each 64 bytes.
///
/// # Errors
///
/// As [`charge`].
pub fn charge_text(ctx: &Context<'_>, text: &str) -> Result<(), Error> {
    match text.len() / BYTES_PER_UNIT {
        0 => Ok(()),
        units => charge(ctx, units),
    }
}

/// Charges for a list: every field that is asked for under the field of this resolver, once for
/// each entry, of which the longest text that it holds has so many bytes as `entries` says.
///
/// # Errors
///
/// As [`charge`].
pub fn charge_list(
    ctx: &Context<'_>,
    entries: impl IntoIterator<Item = usize>,
) -> Result<(), Error> {
    // Without counting, if there is nothing left.
    charge(ctx, 0)?;
    let units = entries.into_iter().map(|bytes| 1 + bytes / BYTES_PER_UNIT);
    let units = units.fold(0, usize::saturating_add);
    if units == 0 {
        return Ok(());
    }
    charge(ctx, units.saturating_mul(fields_below(ctx)))
}

/// How many fields are asked for under the field of this resolver, at any depth and fragments
/// written out; at least one. A long name counts as several.
#[must_use]
pub fn fields_below(ctx: &Context<'_>) -> usize {
    let below = &ctx.item.node.selection_set.node;
    count(below, &ctx.query_env.fragments).max(1)
}

/// Ends: validation has refused fragments that contain themselves.
fn count(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> usize {
    let fields = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) => {
            let name = field.node.response_key().node.len() / BYTES_PER_UNIT;
            1 + name + count(&field.node.selection_set.node, fragments)
        }
        Selection::InlineFragment(inline) => count(&inline.node.selection_set.node, fragments),
        Selection::FragmentSpread(spread) => fragments
            .get(&spread.node.fragment_name.node)
            .map_or(0, |fragment| count(&fragment.node.selection_set.node, fragments)),
    });
    fields.fold(0, usize::saturating_add)
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
