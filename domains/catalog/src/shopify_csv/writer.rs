//! From products to a file.

use std::borrow::Cow;
use std::io::Write;

use super::cell::Row;
use super::formula::escape;
use super::group::GroupBuilder;
use super::header::{COLUMN_COUNT, Column, Header, OPTION_COLUMNS, cells, classic_names};
use super::limits::MAX_VARIANTS;
use super::options::NO_OPTION;
use super::product::{ParsedProduct, ParsedStatus, ParsedVariant, ProductGroup};
use super::seen::Seen;
use super::{CsvFileError, RowError};

/// Writes products one after the other, in the columns that Shopify has had for years, of which
/// those are written that we hold.
///
/// Whatever [`write`](Self::write) accepts, [`ProductReader`](super::ProductReader) gives back
/// equal, as long as no handle and no SKU is written twice. No cell is a formula to a spreadsheet.
#[derive(Debug)]
pub(crate) struct ProductWriter<W> {
    output: W,
    header: Header,
}

impl<W: Write> ProductWriter<W> {
    /// Writes the header.
    pub(crate) fn new(mut output: W) -> Result<Self, CsvFileError> {
        let mut line = classic_names().collect::<Vec<_>>().join(",");
        line.push('\n');
        output.write_all(line.as_bytes()).map_err(CsvFileError::Write)?;
        Ok(Self { output, header: Header::classic() })
    }

    /// Writes a product, in one write to the output. Where the rows stood when it was read does
    /// not matter.
    ///
    /// # Errors
    ///
    /// [`CsvFileError::Unwritable`] for a product that the format cannot hold, such as one without
    /// variants or with a comma in a tag. Nothing of it is written, and other products can follow.
    pub(crate) fn write(&mut self, product: &ParsedProduct) -> Result<(), CsvFileError> {
        let rows = rows(product);
        self.check(product, &rows).map_err(|reason| CsvFileError::Unwritable {
            handle: product.handle.clone(),
            reason,
        })?;
        let mut text = String::new();
        for row in &rows {
            row.append_to(&mut text);
        }
        self.output.write_all(text.as_bytes()).map_err(CsvFileError::Write)
    }

    /// Gives the output back, flushed.
    pub(crate) fn finish(mut self) -> Result<W, CsvFileError> {
        self.output.flush().map_err(CsvFileError::Write)?;
        Ok(self.output)
    }

    /// Reads the rows back.
    fn check(&self, product: &ParsedProduct, rows: &[Cells]) -> Result<(), String> {
        let Some(first) = product.variants.first() else {
            return Err("expected a variant".to_owned());
        };
        let mut builder =
            GroupBuilder::new(0, Some(product.handle.clone()), first.price.currency());
        for row in rows {
            builder.add(Ok(Row {
                line: 0,
                header: &self.header,
                text: &row.text,
                ends: &row.ends,
            }));
        }
        match builder.finish(&self.header, &mut Seen::at_most(MAX_VARIANTS)) {
            ProductGroup::Product(read) => match difference(product, &read) {
                Some(field) => Err(format!("its {field} would be read back differently")),
                None => Ok(()),
            },
            ProductGroup::Rejected(group) => {
                Err(group.errors.first().map(RowError::without_line).unwrap_or_default())
            }
        }
    }
}

/// The cells of a row, as a record holds them.
#[derive(Debug, Default)]
struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Appends the line of the row.
    fn append_to(&self, line: &mut String) {
        for (at, cell) in cells(&self.text, &self.ends).enumerate() {
            if at > 0 {
                line.push(',');
            }
            if cell.contains([',', '"', '\n', '\r']) {
                line.push('"');
                line.push_str(&cell.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(cell);
            }
        }
        line.push('\n');
    }
}

/// One row per variant and image, whatever there are more of.
fn rows(product: &ParsedProduct) -> Vec<Cells> {
    let count = product.variants.len().max(product.images.len());
    (0..count).map(|at| row(product, at)).collect()
}

fn row(product: &ParsedProduct, at: usize) -> Cells {
    let mut values: [Cow<'_, str>; COLUMN_COUNT] = Default::default();
    let mut set = |column: Column, value| values[column as usize] = value;
    set(Column::Handle, Cow::Borrowed(&*product.handle));
    if at == 0 {
        set(Column::Title, escape(&product.title));
        set(Column::Body, escape(&product.description_html));
        set(Column::Vendor, escape(&product.vendor));
        set(Column::Type, escape(&product.product_type));
        set(Column::Tags, Cow::Owned(escape(&product.tags.join(", ")).into_owned()));
        let is_active = product.status == ParsedStatus::Active;
        set(Column::Published, if is_active { "true" } else { "false" }.into());
        set(Column::Status, status_word(product.status).into());
        for ((column, _), option) in OPTION_COLUMNS.into_iter().zip(&product.options) {
            set(column, escape(&option.name));
        }
    }
    if let Some(variant) = product.variants.get(at) {
        for ((_, column), value) in OPTION_COLUMNS.into_iter().zip(&variant.option_values) {
            set(column, escape(value));
        }
        set(Column::Sku, escape(variant.sku.as_deref().unwrap_or_default()));
        set(Column::InventoryQuantity, variant.inventory_quantity.to_string().into());
        set(Column::Price, variant.price.amount().into());
        if let Some(price) = variant.compare_at_price {
            set(Column::CompareAtPrice, price.amount().into());
        }
        set(Column::Barcode, escape(variant.barcode.as_deref().unwrap_or_default()));
    }
    if at == 0 && product.options.is_empty() {
        set(Column::Option1Name, NO_OPTION.0.into());
        set(Column::Option1Value, NO_OPTION.1.into());
    }
    if let Some(image) = product.images.get(at) {
        set(Column::ImageSrc, Cow::Borrowed(&*image.url));
        set(Column::ImagePosition, (at + 1).to_string().into());
        set(Column::ImageAlt, escape(image.alt.as_deref().unwrap_or_default()));
    }
    let mut cells = Cells::default();
    values.iter().for_each(|value| cells.push(value));
    cells
}

fn status_word(status: ParsedStatus) -> &'static str {
    match status {
        ParsedStatus::Draft => "draft",
        ParsedStatus::Active => "active",
        ParsedStatus::Archived => "archived",
    }
}

/// The first field in which two products differ, lines aside.
fn difference(written: &ParsedProduct, read: &ParsedProduct) -> Option<&'static str> {
    // Taken apart, so that a field that is added cannot be forgotten here.
    let ParsedProduct {
        line: _,
        row_count: _,
        handle,
        title,
        description_html,
        vendor,
        product_type,
        tags,
        status,
        options,
        variants,
        images,
    } = written;
    let same_variants = variants.len() == read.variants.len()
        && variants.iter().zip(&read.variants).all(|(written, read)| is_same(written, read));
    [
        ("handle", *handle == read.handle),
        ("title", *title == read.title),
        ("description", *description_html == read.description_html),
        ("vendor", *vendor == read.vendor),
        ("type", *product_type == read.product_type),
        ("tags", *tags == read.tags),
        ("status", *status == read.status),
        ("options", *options == read.options),
        ("variants", same_variants),
        ("images", *images == read.images),
    ]
    .into_iter()
    .find_map(|(field, is_same)| (!is_same).then_some(field))
}

fn is_same(written: &ParsedVariant, read: &ParsedVariant) -> bool {
    let ParsedVariant {
        line: _,
        option_values,
        sku,
        barcode,
        price,
        compare_at_price,
        inventory_quantity,
    } = written;
    *option_values == read.option_values
        && *sku == read.sku
        && *barcode == read.barcode
        && *price == read.price
        && *compare_at_price == read.compare_at_price
        && *inventory_quantity == read.inventory_quantity
}
