//! From a file to products.

use std::io::{self, Chain, Cursor, Read};

use czo_core::Currency;

use super::cell::Row;
use super::group::GroupBuilder;
use super::header::{Column, Header};
use super::limits::{MAX_PRODUCTS, MAX_SKUS, MAX_TEXT};
use super::product::ProductGroup;
use super::record::Record;
use super::record_reader::RecordReader;
use super::row_error::shown;
use super::seen::Seen;
use super::{CsvFileError, RowError};

/// Reads products one after the other, in bounded memory whatever the input is.
///
/// An error of the input ends the file; the product that it cut off is not given.
#[derive(Debug)]
pub(crate) struct ProductReader<R> {
    records: RecordReader<Chain<Cursor<Vec<u8>>, R>>,
    record: Record,
    header: Header,
    currency: Currency,
    /// The rows so far of the product that is being read.
    group: Option<Group>,
    handles: Seen,
    skus: Seen,
    is_ended: bool,
}

#[derive(Debug)]
struct Group {
    /// The handle as it stands there, readable or not; empty for rows without one.
    handle: Vec<u8>,
    builder: GroupBuilder,
    /// The file has too many products, and this is the rest of it.
    is_rest: bool,
}

impl<R: Read> ProductReader<R> {
    /// Reads the header. The amounts of the file are taken to be in `currency`.
    pub(crate) fn new(mut input: R, currency: Currency) -> Result<Self, CsvFileError> {
        let start = read_start(&mut input)?;
        let mut records = RecordReader::new(Cursor::new(start).chain(input));
        let mut record = Record::new();
        if !records.read(&mut record).map_err(CsvFileError::Read)? {
            return Err(CsvFileError::Empty);
        }
        Ok(Self {
            header: Header::read(&record)?,
            records,
            record,
            currency,
            group: None,
            handles: Seen::at_most(MAX_PRODUCTS),
            skus: Seen::at_most(MAX_SKUS),
            is_ended: false,
        })
    }

    /// The names of columns that are not imported although they held a value so far.
    pub(crate) fn ignored_columns(&self) -> impl Iterator<Item = &str> {
        self.header.ignored()
    }

    /// Adds the current record to its product. Gives the product before, if the record starts
    /// another one.
    fn add_record(&mut self) -> Option<Group> {
        self.header.note_ignored(&self.record);
        let handle_at = self.header.index(Column::Handle).unwrap_or_default();
        let handle = self.record.cell(handle_at).trim_ascii();
        let (mut group, done) = match self.group.take() {
            Some(group) if group.owns(handle) => (group, None),
            done => {
                let group = Group::new(handle, self.record.line, self.currency, &mut self.handles);
                (group, done)
            }
        };
        group.builder.add(Row::new(&self.header, &self.record));
        self.group = Some(group);
        done
    }

    fn finish(&mut self, group: Group) -> ProductGroup {
        group.builder.finish(&self.header, &mut self.skus)
    }
}

impl<R: Read> Iterator for ProductReader<R> {
    type Item = io::Result<ProductGroup>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_ended {
            match self.records.read(&mut self.record) {
                Ok(true) if self.record.is_blank() => {}
                Ok(true) => {
                    if let Some(done) = self.add_record() {
                        return Some(Ok(self.finish(done)));
                    }
                }
                Ok(false) => self.is_ended = true,
                Err(error) => {
                    self.is_ended = true;
                    self.group = None;
                    return Some(Err(error));
                }
            }
        }
        let last = self.group.take()?;
        Some(Ok(self.finish(last)))
    }
}

impl Group {
    fn new(handle: &[u8], line: u64, currency: Currency, handles: &mut Seen) -> Self {
        let text = str::from_utf8(handle).ok().filter(|text| {
            !text.is_empty() && text.chars().count() <= MAX_TEXT && !text.contains(char::is_control)
        });
        let mut group = Self {
            handle: handle.to_vec(),
            builder: GroupBuilder::new(line, text.map(str::to_owned), currency),
            is_rest: false,
        };
        match handles.line_of(handle) {
            _ if handle.is_empty() => {}
            Some(first) => {
                let handle = shown(&String::from_utf8_lossy(handle), 40);
                let reason = format!("handle `{handle}` already stood on line {first}");
                let reason = format!("{reason}; the rows of one product must follow each other");
                group.builder.reject(RowError::of_row(line, reason));
            }
            None if handles.room() == 0 => {
                let reason = format!("expected at most {MAX_PRODUCTS} products in one file");
                let reason = format!("{reason}; move this one and all below it to another file");
                group.builder.give_up(RowError::of_row(line, reason));
                group.is_rest = true;
            }
            None => handles.insert(handle, line),
        }
        group
    }

    /// Whether a row of this handle, or of none, belongs to it.
    fn owns(&self, handle: &[u8]) -> bool {
        self.is_rest || handle.is_empty() || handle == self.handle
    }
}

/// The first bytes of a file, without the mark that says UTF-8; an error where they tell that
/// this is no CSV in UTF-8.
fn read_start(input: &mut impl Read) -> Result<Vec<u8>, CsvFileError> {
    let mut start = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut start).map_err(CsvFileError::Read)?;
    match &*start {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(CsvFileError::Utf16),
        b"PK\x03\x04" => Err(CsvFileError::NotCsv),
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(rest.to_vec()),
        _ => Ok(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shopify_csv::testing::eur;

    fn reader(text: &str) -> ProductReader<&[u8]> {
        ProductReader::new(text.as_bytes(), eur()).unwrap()
    }

    fn errors(reader: ProductReader<&[u8]>) -> Vec<(u64, String)> {
        let rejected = reader.filter_map(|group| match group.unwrap() {
            ProductGroup::Product(_) => None,
            ProductGroup::Rejected(group) => Some((group.row_count, group.errors[0].to_string())),
        });
        rejected.collect()
    }

    #[test]
    fn beyond_the_last_allowed_product_the_rest_is_one_error() {
        let mut reader = reader("Handle,Title,Price\na,A,1\nb,B,1\nc,C,1\na,A,1\nd,D,1\nd,,1\n");
        reader.handles = Seen::at_most(2);
        let [(row_count, error)] = <[_; 1]>::try_from(errors(reader)).unwrap();
        assert_eq!(row_count, 4);
        assert!(error.starts_with("line 4: expected at most 500000 products"), "{error}");
    }

    #[test]
    fn a_sku_beyond_the_last_allowed_one_rejects_its_product() {
        let mut reader = reader("Handle,Title,Price,SKU\na,A,1,1\nb,B,1,2\nc,C,1,3\nd,D,1,\n");
        reader.skus = Seen::at_most(2);
        let [(_, error)] = <[_; 1]>::try_from(errors(reader)).unwrap();
        assert!(error.starts_with("line 4, column `SKU`: expected at most 1000000"), "{error}");
    }
}
