//! The first record of a file: which column stands where.

use super::CsvFileError;
use super::limits::MAX_OPTIONS;
use super::record::{Fault, Record};
use super::row_error::shown;

/// A column that is imported. The order is that of a Shopify export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Handle,
    Title,
    Body,
    Vendor,
    Type,
    Tags,
    Published,
    Option1Name,
    Option1Value,
    Option2Name,
    Option2Value,
    Option3Name,
    Option3Value,
    Sku,
    InventoryQuantity,
    Price,
    CompareAtPrice,
    Barcode,
    ImageSrc,
    ImagePosition,
    ImageAlt,
    Status,
}

use Column as C;

/// How many columns are imported.
pub(super) const COLUMN_COUNT: usize = 22;

/// Each column, the name that Shopify gave it for years, and the name that it has in newer files.
const COLUMNS: [(Column, &str, &str); COLUMN_COUNT] = [
    (C::Handle, "Handle", "URL handle"),
    (C::Title, "Title", "Title"),
    (C::Body, "Body (HTML)", "Description"),
    (C::Vendor, "Vendor", "Vendor"),
    (C::Type, "Type", "Type"),
    (C::Tags, "Tags", "Tags"),
    (C::Published, "Published", "Published on online store"),
    (C::Option1Name, "Option1 Name", "Option1 name"),
    (C::Option1Value, "Option1 Value", "Option1 value"),
    (C::Option2Name, "Option2 Name", "Option2 name"),
    (C::Option2Value, "Option2 Value", "Option2 value"),
    (C::Option3Name, "Option3 Name", "Option3 name"),
    (C::Option3Value, "Option3 Value", "Option3 value"),
    (C::Sku, "Variant SKU", "SKU"),
    (C::InventoryQuantity, "Variant Inventory Qty", "Inventory quantity"),
    (C::Price, "Variant Price", "Price"),
    (C::CompareAtPrice, "Variant Compare At Price", "Compare-at price"),
    (C::Barcode, "Variant Barcode", "Barcode"),
    (C::ImageSrc, "Image Src", "Product image URL"),
    (C::ImagePosition, "Image Position", "Image position"),
    (C::ImageAlt, "Image Alt Text", "Image alt text"),
    (C::Status, "Status", "Status"),
];

const REQUIRED: [Column; 3] = [C::Handle, C::Title, C::Price];

/// For each option, the columns of its name and its value.
pub(super) const OPTION_COLUMNS: [(Column, Column); MAX_OPTIONS] = [
    (C::Option1Name, C::Option1Value),
    (C::Option2Name, C::Option2Value),
    (C::Option3Name, C::Option3Value),
];

/// Which column stands where.
#[derive(Debug)]
pub(super) struct Header {
    width: usize,
    /// By [`Column`], as the columns are numbered.
    places: [Option<Place>; COLUMN_COUNT],
    ignored: Vec<IgnoredColumn>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    index: usize,
    name: &'static str,
}

#[derive(Debug)]
struct IgnoredColumn {
    index: usize,
    name: String,
    holds_value: bool,
}

impl Header {
    /// Reads the header from the first record of a file.
    pub(super) fn read(record: &Record) -> Result<Self, CsvFileError> {
        match record.fault {
            Some(Fault::UnclosedQuote) => return Err(CsvFileError::HeaderQuote),
            Some(_) => return Err(CsvFileError::HeaderTooLarge),
            None => {}
        }
        let text = record.text().map_err(|_| CsvFileError::HeaderEncoding)?;
        // NULs are what is left of UTF-16 without a byte order mark.
        if text.contains('\0') {
            return Err(CsvFileError::HeaderEncoding);
        }
        let names: Vec<&str> = cells(text, record.ends()).map(str::trim).collect();
        let mut header =
            Self { width: names.len(), places: [None; COLUMN_COUNT], ignored: Vec::new() };
        for (index, name) in names.iter().enumerate() {
            match find(name) {
                Some((column, name)) => {
                    let place = &mut header.places[column as usize];
                    if let Some(first) = place.replace(Place { index, name }) {
                        return Err(CsvFileError::DuplicateColumn {
                            first: first.name.to_owned(),
                            second: name.to_owned(),
                        });
                    }
                }
                None => header.ignored.push(IgnoredColumn::new(index, name)),
            }
        }
        let mut missing = REQUIRED.into_iter().filter(|column| header.place(*column).is_none());
        let Some(first) = missing.next() else {
            return Ok(header);
        };
        match separator(names[0]) {
            Some(found) => Err(CsvFileError::Separator { found }),
            None => {
                let missing = [first].into_iter().chain(missing).map(|it| describe(it, &names));
                let missing = missing.collect::<Vec<_>>().join(", ");
                Err(CsvFileError::MissingColumns { missing })
            }
        }
    }

    /// The header that the writer writes: every column under its older name.
    pub(super) fn classic() -> Self {
        let mut places = [None; COLUMN_COUNT];
        for (index, (column, name, _)) in COLUMNS.into_iter().enumerate() {
            places[column as usize] = Some(Place { index, name });
        }
        Self { width: COLUMN_COUNT, places, ignored: Vec::new() }
    }

    /// How many cells a row must have.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Where a column stands in a row.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.place(column).map(|place| place.index)
    }

    /// The name that a column has in this file, or would have.
    pub(super) fn name(&self, column: Column) -> &'static str {
        self.place(column).map_or(COLUMNS[column as usize].1, |place| place.name)
    }

    /// Notes which of the ignored columns hold a value in this record.
    pub(super) fn note_ignored(&mut self, record: &Record) {
        for column in self.ignored.iter_mut().filter(|column| !column.holds_value) {
            column.holds_value = !record.cell(column.index).trim_ascii().is_empty();
        }
    }

    /// The ignored columns that hold a value in any record noted so far.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().filter(|column| column.holds_value).map(|column| column.name.as_str())
    }

    fn place(&self, column: Column) -> Option<Place> {
        self.places[column as usize]
    }
}

impl IgnoredColumn {
    fn new(index: usize, name: &str) -> Self {
        let name = match name {
            "" => format!("column {} (without a name)", index + 1),
            _ => shown(name, 120),
        };
        Self { index, name, holds_value: false }
    }
}

/// The names of all columns in the order of [`Header::classic`].
pub(super) fn classic_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().map(|(_, name, _)| name)
}

/// The cells of a record whose text is known to be right.
pub(super) fn cells<'a>(text: &'a str, ends: &'a [usize]) -> impl Iterator<Item = &'a str> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| &text[start..*end])
}

fn find(name: &str) -> Option<(Column, &'static str)> {
    COLUMNS.into_iter().find_map(|(column, older, newer)| {
        let name = [older, newer].into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
        Some((column, name))
    })
}

/// What separates the cells of a header that is one cell to us.
fn separator(first_name: &str) -> Option<&'static str> {
    [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find_map(|(separator, name)| first_name.contains(separator).then_some(name))
}

/// A missing column, with the name that it may have instead.
fn describe(column: Column, names: &[&str]) -> String {
    let squeezed = |name: &str| {
        name.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect::<String>()
    };
    let (_, older, newer) = COLUMNS[column as usize];
    let similar = names.iter().find(|name| [older, newer].map(squeezed).contains(&squeezed(name)));
    match similar {
        Some(similar) => format!("`{older}` (rename `{}`)", shown(similar, 40)),
        None => format!("`{older}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_numbered_as_they_are_listed() {
        for (index, (column, ..)) in COLUMNS.into_iter().enumerate() {
            assert_eq!(column as usize, index);
        }
    }
}
