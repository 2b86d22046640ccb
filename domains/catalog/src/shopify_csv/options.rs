//! What the variants of a product differ in.

use std::collections::HashSet;

use super::cell::Row;
use super::header::{Column, OPTION_COLUMNS};
use super::limits::MAX_TEXT;
use super::product::{ParsedOption, ParsedVariant};
use super::row_error::{RowError, RowErrors, shown};

/// The option and its only value with which Shopify spells a product without options.
pub(super) const NO_OPTION: (&str, &str) = ("Title", "Default Title");

/// The names that the first row declares, or errors.
pub(super) fn read_names(row: &Row<'_>, errors: &mut RowErrors) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut is_right = true;
    for (at, (column, _)) in OPTION_COLUMNS.into_iter().enumerate() {
        let cell = row.cell(column);
        let name = match cell.text(MAX_TEXT) {
            Ok(name) if names.iter().any(|known| known == name) => {
                Err(cell.found("expected each option once", name))
            }
            Ok(name) if !name.is_empty() && at > names.len() && is_right => {
                Err(cell.found("expected nothing while an option before it has no name", name))
            }
            name => name,
        };
        match errors.check(name) {
            Some("") => {}
            Some(name) => names.push(name.to_owned()),
            None => is_right = false,
        }
    }
    is_right.then_some(names)
}

/// The value that a variant has of each option, or errors.
pub(super) fn read_values(
    row: &Row<'_>,
    names: &[String],
    errors: &mut RowErrors,
) -> Option<Vec<String>> {
    let mut values = Some(Vec::with_capacity(names.len()));
    for (at, columns) in OPTION_COLUMNS.into_iter().enumerate() {
        match errors.check(read_value(row, names.get(at), columns)) {
            Some("") => {}
            Some(value) => values.iter_mut().for_each(|values| values.push(value.to_owned())),
            None => values = None,
        }
    }
    values
}

/// The options of a product, from their names and the values of its variants.
pub(super) fn collect(names: Vec<String>, variants: &mut [ParsedVariant]) -> Vec<ParsedOption> {
    if is_default_title(&names, variants) {
        variants.iter_mut().for_each(|variant| variant.option_values.clear());
        return Vec::new();
    }
    let option = |(at, name)| {
        let mut seen = HashSet::new();
        let values = variants.iter().map(|variant| &variant.option_values[at]);
        let values = values.filter(|value| seen.insert(*value)).cloned().collect();
        ParsedOption { name, values }
    };
    names.into_iter().enumerate().map(option).collect()
}

/// The value of one option; empty where none is declared and none given.
fn read_value<'a>(
    row: &Row<'a>,
    declared: Option<&String>,
    (name_column, value_column): (Column, Column),
) -> Result<&'a str, RowError> {
    let (name_cell, value_cell) = (row.cell(name_column), row.cell(value_column));
    let (name, value) = (name_cell.text(MAX_TEXT)?, value_cell.text(MAX_TEXT)?);
    if !name.is_empty() && declared.is_none_or(|declared| declared != name) {
        return Err(name_cell.found("expected nothing, or what the first row says", name));
    }
    match declared {
        Some(name) if value.is_empty() => {
            Err(value_cell.error(format!("expected a value of option `{}`", shown(name, 40))))
        }
        None if !value.is_empty() => {
            Err(value_cell.found("expected nothing, as the first row names no such option", value))
        }
        _ => Ok(value),
    }
}

fn is_default_title(names: &[String], variants: &[ParsedVariant]) -> bool {
    matches!(names, [name] if name == NO_OPTION.0)
        && variants.iter().all(|it| matches!(&*it.option_values, [value] if value == NO_OPTION.1))
}
