//! What a file holds: products, and groups of rows that are none.

use czo_core::Money;

use super::RowError;

/// All rows of one handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProductGroup {
    /// Every row is right.
    Product(ParsedProduct),
    /// At least one row is wrong.
    Rejected(RejectedGroup),
}

/// A product of which at least one row is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RejectedGroup {
    /// The line where the first row starts.
    pub(crate) line: u64,
    /// How many rows there are, right and wrong ones.
    pub(crate) row_count: u64,
    /// The handle, which may itself be a wrong one; none when it is not even text.
    pub(crate) handle: Option<String>,
    /// What is wrong, in the order of the lines; never empty, and at most
    /// [`MAX_ERRORS`](super::limits::MAX_ERRORS).
    pub(crate) errors: Vec<RowError>,
    /// How many errors were not kept.
    pub(crate) more_errors: u64,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedProduct {
    /// The line where the first row starts.
    pub(crate) line: u64,
    /// How many rows there are.
    pub(crate) row_count: u64,
    /// Lower-case letters, digits, `-` and `_`.
    pub(crate) handle: String,
    /// Never empty.
    pub(crate) title: String,
    /// The description as it stands in the file; HTML that nobody has made safe.
    pub(crate) description_html: String,
    /// Empty when there is none.
    pub(crate) vendor: String,
    /// Empty when there is none.
    pub(crate) product_type: String,
    /// In the order of the file, each once.
    pub(crate) tags: Vec<String>,
    /// Whether customers see it.
    pub(crate) status: ParsedStatus,
    /// What variants differ in; empty when there is one variant.
    pub(crate) options: Vec<ParsedOption>,
    /// At least one.
    pub(crate) variants: Vec<ParsedVariant>,
    /// In the order of their positions.
    pub(crate) images: Vec<ParsedImage>,
}

/// Whether customers see a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsedStatus {
    /// Not yet.
    Draft,
    /// Yes.
    Active,
    /// No longer.
    Archived,
}

/// Something that variants differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedOption {
    /// Such as `Size`.
    pub(crate) name: String,
    /// Every value that a variant has, once, in the order of the variants.
    pub(crate) values: Vec<String>,
}

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedVariant {
    /// The line where the row starts.
    pub(crate) line: u64,
    /// One value per option of the product; no two variants have the same values.
    pub(crate) option_values: Vec<String>,
    /// Of no other product of the file.
    pub(crate) sku: Option<String>,
    /// As it stands in the file, without a check digit checked.
    pub(crate) barcode: Option<String>,
    /// What it costs.
    pub(crate) price: Money,
    /// What it cost before, or elsewhere.
    pub(crate) compare_at_price: Option<Money>,
    /// Within `i32`, as at Shopify; negative when more was sold than there is.
    pub(crate) inventory_quantity: i64,
}

/// An image of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedImage {
    /// Starts with `http://` or `https://`.
    pub(crate) url: String,
    /// Describes the image to who cannot see it.
    pub(crate) alt: Option<String>,
}
