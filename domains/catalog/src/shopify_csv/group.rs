//! From the rows of one handle to a product.

use std::collections::HashMap;

use czo_core::Currency;

use super::cell::Row;
use super::header::{Column, Header};
use super::limits::{MAX_ALT_TEXT, MAX_IMAGES, MAX_SKUS, MAX_TAGS, MAX_TEXT, MAX_VARIANTS};
use super::options;
use super::product::{
    ParsedImage, ParsedProduct, ParsedStatus, ParsedVariant, ProductGroup, RejectedGroup,
};
use super::row_error::{RowError, RowErrors, shown};
use super::seen::Seen;

/// Columns of which one is enough to make a row a variant.
const VARIANT_COLUMNS: [Column; 7] = [
    Column::Option1Value,
    Column::Option2Value,
    Column::Option3Value,
    Column::Price,
    Column::Sku,
    Column::Barcode,
    Column::CompareAtPrice,
];

/// Collects the rows of one handle. Holds no more than a product within the limits, however many
/// rows there are.
#[derive(Debug)]
pub(super) struct GroupBuilder {
    currency: Currency,
    line: u64,
    row_count: u64,
    errors: RowErrors,
    fields: Fields,
    /// What the first row declares; none until it is read, and when it cannot be.
    option_names: Option<Vec<String>>,
    variants: Vec<ParsedVariant>,
    variant_rows: usize,
    /// With positions.
    images: Vec<(u32, ParsedImage)>,
    /// Rows are only counted any more.
    is_given_up: bool,
}

/// What the first row says about the product.
#[derive(Debug, Default)]
struct Fields {
    /// Also when it is not a right one.
    handle: Option<String>,
    title: String,
    description_html: String,
    vendor: String,
    product_type: String,
    tags: Vec<String>,
    status: Option<ParsedStatus>,
}

impl GroupBuilder {
    /// Starts with a row on this line, which is still to be added, of this handle.
    pub(super) fn new(line: u64, handle: Option<String>, currency: Currency) -> Self {
        Self {
            currency,
            line,
            row_count: 0,
            errors: RowErrors::default(),
            fields: Fields { handle, ..Fields::default() },
            option_names: None,
            variants: Vec::new(),
            variant_rows: 0,
            images: Vec::new(),
            is_given_up: false,
        }
    }

    /// Rejects the product; its rows are still checked.
    pub(super) fn reject(&mut self, error: RowError) {
        self.errors.push(error);
    }

    /// Rejects the product; from here on its rows are only counted.
    pub(super) fn give_up(&mut self, error: RowError) {
        self.errors.push(error);
        self.is_given_up = true;
        self.variants = Vec::new();
        self.images = Vec::new();
    }

    pub(super) fn add(&mut self, row: Result<Row<'_>, RowError>) {
        self.row_count += 1;
        if self.is_given_up {
            return;
        }
        let Some(row) = self.errors.check(row) else {
            return;
        };
        if self.row_count == 1 {
            self.read_product(&row);
            self.read_variant(&row);
        } else if row.cell(Column::Handle).is_empty() {
            let reason = "expected a handle; a row without one counts with the product above it";
            self.errors.push(row.cell(Column::Handle).error(reason));
            return;
        } else if is_variant(&row) {
            self.read_variant(&row);
        }
        self.read_image(&row);
    }

    /// Ends the product. Its SKUs enter `skus` if it is accepted.
    pub(super) fn finish(mut self, header: &Header, skus: &mut Seen) -> ProductGroup {
        self.refuse_equal_variants();
        self.refuse_known_skus(header.name(Column::Sku), skus);
        match (self.errors.is_empty(), self.fields.status, self.fields.handle.take()) {
            (true, Some(status), Some(handle)) => {
                for variant in &self.variants {
                    if let Some(sku) = &variant.sku {
                        skus.insert(sku.as_bytes(), variant.line);
                    }
                }
                ProductGroup::Product(self.into_product(handle, status))
            }
            (_, _, handle) => {
                let (errors, more_errors) = self.errors.into_parts();
                let (line, row_count) = (self.line, self.row_count);
                ProductGroup::Rejected(RejectedGroup {
                    line,
                    row_count,
                    handle,
                    errors,
                    more_errors,
                })
            }
        }
    }

    fn read_product(&mut self, row: &Row<'_>) {
        let errors = &mut self.errors;
        let mut text =
            |column| errors.check(row.cell(column).text(MAX_TEXT)).unwrap_or_default().to_owned();
        self.fields.vendor = text(Column::Vendor);
        self.fields.product_type = text(Column::Type);
        let title = row.cell(Column::Title).required_text(MAX_TEXT, "a title");
        self.fields.title = errors.check(title).unwrap_or_default().to_owned();
        let description = errors.check(row.cell(Column::Body).description());
        self.fields.description_html = description.unwrap_or_default().to_owned();
        self.fields.tags = errors.check(row.cell(Column::Tags).list(MAX_TAGS)).unwrap_or_default();
        self.fields.status = errors.check(read_status(row));
        errors.check(row.cell(Column::Handle).handle());
        self.option_names = options::read_names(row, errors);
    }

    fn read_variant(&mut self, row: &Row<'_>) {
        self.variant_rows += 1;
        if self.variant_rows > MAX_VARIANTS {
            let reason = format!("expected at most {MAX_VARIANTS} variants of one product");
            let reason = format!("{reason}; rows from here on are not checked");
            self.give_up(RowError::of_row(row.line, reason));
            return;
        }
        let errors = &mut self.errors;
        // Without the names, every value would be one error more that says nothing new.
        let names = self.option_names.as_deref();
        let option_values = names.and_then(|names| options::read_values(row, names, errors));
        let sku = errors.check(row.cell(Column::Sku).optional_text(MAX_TEXT));
        let quantity = errors.check(row.cell(Column::InventoryQuantity).quantity());
        let price = errors.check(row.cell(Column::Price).money(self.currency));
        let compare_at = row.cell(Column::CompareAtPrice).optional_money(self.currency);
        let compare_at = errors.check(compare_at);
        let barcode = errors.check(row.cell(Column::Barcode).optional_text(MAX_TEXT));
        if let (Some(option_values), Some(sku), Some(quantity), Some(price)) =
            (option_values, sku, quantity, price)
            && let (Some(compare_at_price), Some(barcode)) = (compare_at, barcode)
        {
            self.variants.push(ParsedVariant {
                line: row.line,
                option_values,
                sku: sku.map(str::to_owned),
                barcode: barcode.map(str::to_owned),
                price,
                compare_at_price,
                inventory_quantity: quantity,
            });
        }
    }

    fn read_image(&mut self, row: &Row<'_>) {
        let (url, alt) = (row.cell(Column::ImageSrc), row.cell(Column::ImageAlt));
        if url.is_empty() {
            if !alt.is_empty() {
                let reason = format!(
                    "expected the address of the image as well, in `{}`",
                    row.header.name(Column::ImageSrc)
                );
                self.errors.push(alt.error(reason));
            }
            return;
        }
        let address = self.errors.check(url.url());
        let alt = self.errors.check(alt.optional_text(MAX_ALT_TEXT));
        let position = self.errors.check(row.cell(Column::ImagePosition).position());
        let (Some(address), Some(alt), Some(position)) = (address, alt, position) else {
            return;
        };
        let position = position.unwrap_or(u32::MAX);
        let is_known = |(at, image): &(u32, ParsedImage)| *at == position && image.url == address;
        if self.images.iter().any(is_known) {
            return;
        }
        if self.images.len() == MAX_IMAGES {
            self.errors
                .push(url.error(format!("expected at most {MAX_IMAGES} images of one product")));
            return;
        }
        let image = ParsedImage { url: address.to_owned(), alt: alt.map(str::to_owned) };
        self.images.push((position, image));
    }

    fn refuse_equal_variants(&mut self) {
        let mut lines: HashMap<&[String], u64> = HashMap::new();
        for variant in &self.variants {
            let Some(first) = lines.get(&*variant.option_values) else {
                lines.insert(&variant.option_values, variant.line);
                continue;
            };
            let reason = match &*variant.option_values {
                [] => format!(
                    "a product without options has one variant, and it stands on line {first}"
                ),
                _ => format!("the variant on line {first} has the same option values"),
            };
            self.errors.push(RowError::of_row(variant.line, reason));
        }
    }

    fn refuse_known_skus(&mut self, column: &'static str, skus: &Seen) {
        let mut own: HashMap<&str, u64> = HashMap::new();
        for variant in &self.variants {
            let Some(sku) = variant.sku.as_deref() else {
                continue;
            };
            let first = own.get(sku).copied().or_else(|| skus.line_of(sku.as_bytes()));
            let reason = match first {
                Some(line) => format!("SKU `{}` already stands on line {line}", shown(sku, 40)),
                None if own.len() >= skus.room() => {
                    format!("expected at most {MAX_SKUS} SKUs in one file; split it")
                }
                None => {
                    own.insert(sku, variant.line);
                    continue;
                }
            };
            self.errors.push(RowError::of_cell(variant.line, column, reason));
        }
    }

    fn into_product(self, handle: String, status: ParsedStatus) -> ParsedProduct {
        let mut variants = self.variants;
        let mut images = self.images;
        // Stable, so that images of one position, or of none, keep the order of the file.
        images.sort_by_key(|(position, _)| *position);
        let options = options::collect(self.option_names.unwrap_or_default(), &mut variants);
        ParsedProduct {
            line: self.line,
            row_count: self.row_count,
            handle,
            title: self.fields.title,
            description_html: self.fields.description_html,
            vendor: self.fields.vendor,
            product_type: self.fields.product_type,
            tags: self.fields.tags,
            status,
            options,
            variants,
            images: images.into_iter().map(|(_, image)| image).collect(),
        }
    }
}

/// Whether a row says something that only a variant can have.
fn is_variant(row: &Row<'_>) -> bool {
    // Some tools write a quantity of 0 into every row.
    let has_stock = || !matches!(row.cell(Column::InventoryQuantity).quantity(), Ok(0));
    VARIANT_COLUMNS.iter().any(|column| !row.cell(*column).is_empty()) || has_stock()
}

fn read_status(row: &Row<'_>) -> Result<ParsedStatus, RowError> {
    use ParsedStatus::{Active, Archived, Draft};

    let (status, published) = (row.cell(Column::Status), row.cell(Column::Published));
    if !status.is_empty() {
        status.word(&[("active", Active), ("draft", Draft), ("archived", Archived)])
    } else if !published.is_empty() {
        published.word(&[("true", Active), ("false", Draft)])
    } else {
        Ok(Active)
    }
}
