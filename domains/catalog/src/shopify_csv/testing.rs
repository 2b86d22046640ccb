//! What the tests of this module share.

use std::io::Read;

use czo_core::{Currency, Money};

use super::{CsvFileError, ParsedProduct, ProductGroup, ProductReader, RejectedGroup};

pub(super) fn eur() -> Currency {
    "EUR".parse().unwrap()
}

pub(super) fn money(amount: &str) -> Money {
    Money::parse(amount, eur()).unwrap()
}

pub(super) fn read(input: impl Read) -> Vec<ProductGroup> {
    let reader = ProductReader::new(input, eur()).unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

/// The products of a file in which everything is right.
pub(super) fn products(text: &str) -> Vec<ParsedProduct> {
    let product = |group| match group {
        ProductGroup::Product(product) => product,
        ProductGroup::Rejected(group) => panic!("{group:#?}"),
    };
    read(text.as_bytes()).into_iter().map(product).collect()
}

/// The only product of a file in which everything is right.
pub(super) fn product(text: &str) -> ParsedProduct {
    let [product] = <[_; 1]>::try_from(products(text)).unwrap();
    product
}

pub(super) fn rejected(input: impl Read) -> Vec<RejectedGroup> {
    let rejected = |group| match group {
        ProductGroup::Product(_) => None,
        ProductGroup::Rejected(group) => Some(group),
    };
    read(input).into_iter().filter_map(rejected).collect()
}

/// The errors of a file, as they are shown.
pub(super) fn errors(input: impl Read) -> Vec<String> {
    let errors = rejected(input).into_iter().flat_map(|group| group.errors);
    errors.map(|error| error.to_string()).collect()
}

/// One letter per group, and its handle: `+shirt` is a product, `-shirt` a rejected one.
pub(super) fn outline(input: impl Read) -> Vec<String> {
    let outline = |group| match group {
        ProductGroup::Product(product) => format!("+{}", product.handle),
        ProductGroup::Rejected(group) => format!("-{}", group.handle.unwrap_or_default()),
    };
    read(input).into_iter().map(outline).collect()
}

/// Why a file cannot be read at all.
pub(super) fn open_error(bytes: &[u8]) -> CsvFileError {
    ProductReader::new(bytes, eur()).map(|_| ()).unwrap_err()
}
