//! Files that cannot be read at all.

use std::io::{self, Read};

use super::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};
use super::testing::{eur, open_error};
use super::{CsvFileError, ProductReader};

fn message(bytes: impl AsRef<[u8]>) -> String {
    open_error(bytes.as_ref()).to_string()
}

#[test]
fn an_empty_file() {
    for bytes in ["", "\n\r\n", "\u{feff}"] {
        assert!(matches!(open_error(bytes.as_bytes()), CsvFileError::Empty), "{bytes:?}");
    }
}

#[test]
fn utf_16() {
    let text = "Handle,Title,Variant Price\n".encode_utf16();
    let little: Vec<u8> = text.clone().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.flat_map(u16::to_be_bytes).collect();
    for marked in [[b"\xff\xfe", &*little].concat(), [b"\xfe\xff", &*big].concat()] {
        assert!(message(marked).contains("save it as UTF-8"));
    }
    // Without a mark, it is at least no header.
    for bare in [little, big] {
        assert!(message(bare).contains("save the file as UTF-8"));
    }
}

#[test]
fn a_spreadsheet() {
    assert!(message(b"PK\x03\x04\x14\x00").contains("save it as CSV"));
}

#[test]
fn a_header_that_is_not_utf_8() {
    assert!(message(b"Handle,Title,Variant Price,Gr\xf6\xdfe\n").contains("broken encoding"));
}

#[test]
fn another_separator() {
    let semicolons = message("Handle;Title;Variant Price\nmug;Mug;8,50\n");
    assert_eq!(
        semicolons,
        "the header is separated by semicolons; save the file with commas as separators",
    );
    assert!(message("Handle\tTitle\tVariant Price").contains("separated by tabs"));
    assert!(message("\"Handle\";\"Title\";\"Variant, Price\"").contains("by semicolons"));
}

#[test]
fn missing_columns_are_all_named() {
    assert_eq!(
        message("handle,Price in EUR,Body\n"),
        "the header lacks `Title`, `Variant Price`; expected the header of a Shopify product export",
    );
}

#[test]
fn a_missing_column_is_told_from_a_similar_one() {
    let message = message("Handle,Title,variant_price\n");
    assert!(message.contains("`Variant Price` (rename `variant_price`)"), "{message}");
}

#[test]
fn a_column_that_stands_twice() {
    let message = message("Handle,Title,Variant Price,Tags,URL Handle\n");
    assert!(message.contains("`Handle` and `URL handle`"), "{message}");
    // Nothing is lost when columns that are not imported do.
    assert!(ProductReader::new(&b"Handle,Title,Price,X,X,,"[..], eur()).is_ok());
}

#[test]
fn a_header_that_does_not_end() {
    assert!(message("Handle,\"Title,Variant Price\nmug,Mug,8").contains("quote"));
    assert!(message("x".repeat(MAX_RECORD_BYTES + 1)).contains("too large"));
    assert!(message(",".repeat(MAX_COLUMNS)).contains("too large"));
}

/// Fails after what it holds.
#[derive(Debug)]
struct Broken(&'static [u8]);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("unplugged")),
            read => Ok(read),
        }
    }
}

#[test]
fn an_input_that_fails_at_once() {
    let error = ProductReader::new(Broken(b"Handle"), eur()).unwrap_err();
    assert!(matches!(error, CsvFileError::Read(_)));
}

#[test]
fn an_input_that_fails_later_ends_the_file_without_the_product_it_cut_off() {
    let input = Broken(b"Handle,Title,Variant Price\nmug,Mug,8\ncup,Cup,5\ncup,");
    let mut reader = ProductReader::new(input, eur()).unwrap();
    assert!(matches!(reader.next(), Some(Ok(_))));
    assert_eq!(reader.next().unwrap().unwrap_err().to_string(), "unplugged");
    assert!(reader.next().is_none());
}

#[test]
fn an_interrupted_input_goes_on() {
    struct Interrupted(bool, &'static [u8]);

    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = !self.0;
            match self.0 {
                true => Err(io::ErrorKind::Interrupted.into()),
                false => self.1.read(&mut buffer[..1]),
            }
        }
    }

    let input = Interrupted(false, b"Handle,Title,Variant Price\nmug,Mug,8\n");
    assert_eq!(ProductReader::new(input, eur()).unwrap().count(), 1);
}
