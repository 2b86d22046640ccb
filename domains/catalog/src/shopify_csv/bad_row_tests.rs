//! Rows that are wrong by themselves.

use std::io::{self, Read};

use super::limits::{MAX_COLUMNS, MAX_DESCRIPTION_BYTES, MAX_RECORD_BYTES, MAX_TEXT, MAX_URL};
use super::testing::{errors, outline, rejected};

/// The only error of a product that has this value in this column.
fn error_in(column: &str, value: &str) -> String {
    let value = value.replace('"', "\"\"");
    let text = match column {
        "Handle" => format!("Handle,Title,Variant Price\n\"{value}\",Mug,8"),
        "Title" => format!("Handle,Title,Variant Price\nmug,\"{value}\",8"),
        "Variant Price" => format!("Handle,Title,Variant Price\nmug,Mug,\"{value}\""),
        _ => format!("Handle,Title,Variant Price,{column}\nmug,Mug,8,\"{value}\""),
    };
    let [error] = <[_; 1]>::try_from(errors(text.as_bytes())).unwrap_or_else(|errors| {
        panic!("{column}: {value:?}: {errors:?}");
    });
    let reason = error.strip_prefix(&format!("line 2, column `{column}`: "));
    reason.unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn prices() {
    assert_eq!(
        error_in("Variant Price", "12,50"),
        "expected a decimal number such as `19.90`, without thousands separators, found `12,50`",
    );
    assert!(error_in("Variant Price", "").ends_with("found nothing"));
    assert!(error_in("Variant Price", "-1").starts_with("expected an amount of zero or more"));
    assert!(
        error_in("Variant Price", "9999999999999").starts_with("expected an amount of at most")
    );
    assert!(error_in("Variant Price", "1.999").starts_with("expected at most 2 decimals"));
    assert!(error_in("Variant Compare At Price", "free").ends_with("found `free`"));
}

#[test]
fn an_error_shows_the_beginning_of_a_value_on_one_line() {
    let error = error_in("Variant Price", &format!("a\nb\u{202e}\0{}", "9".repeat(1000)));
    let shown = format!("found `a\\nb\\u{{202e}}\\0{}…`", "9".repeat(35));
    assert!(error.ends_with(&shown), "{error}");
}

#[test]
fn whole_numbers() {
    for quantity in ["1.5", "many", "2147483648", "-2147483649", "1 000"] {
        let error = error_in("Variant Inventory Qty", quantity);
        assert!(error.starts_with("expected a whole number"), "{error}");
    }
    for position in ["0", "-1", "first", "4294967296"] {
        let header = "Handle,Title,Variant Price,Image Src,Image Position";
        let text = format!("{header}\nmug,Mug,8,https://example.com,{position}");
        assert!(errors(text.as_bytes())[0].contains("expected a whole number from 1"));
    }
}

#[test]
fn words() {
    assert_eq!(
        error_in("Status", "unlisted"),
        "expected `active` or `draft` or `archived`, found `unlisted`",
    );
    assert_eq!(error_in("Published", "yes"), "expected `true` or `false`, found `yes`");
}

#[test]
fn addresses() {
    for url in [
        "example.com/1.jpg",
        "ftp://example.com/1.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://",
        "https:///1.jpg",
        "https://example.com/a b.jpg",
        "https://example.com/a\nb.jpg",
        "=HYPERLINK(\"https://example.com\")",
    ] {
        assert!(error_in("Image Src", url).starts_with("expected an address"), "{url}");
    }
    let long = format!("https://example.com/{}", "x".repeat(MAX_URL));
    assert!(error_in("Image Src", &long).starts_with("expected at most 2048 characters"));
}

#[test]
fn an_image_text_without_an_image() {
    assert!(error_in("Image Alt Text", "A mug").contains("`Image Src`"));
}

#[test]
fn formulas() {
    let formulas =
        ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "\tx", "\rx", "'\t=1", " =1"];
    let columns =
        ["Title", "Vendor", "Type", "Tags", "Variant SKU", "Variant Barcode", "Option1 Name"];
    for column in columns {
        for formula in formulas.iter().filter(|formula| **formula != "'\t=1") {
            let error = error_in(column, formula);
            assert!(error.starts_with("looks like a spreadsheet formula"), "{column}: {error}");
        }
    }
    let value = "Handle,Title,Variant Price,Option1 Name,Option1 Value\nmug,Mug,8,Size,=1";
    assert!(errors(value.as_bytes())[0].contains("formula"));
    let alt = "Handle,Title,Variant Price,Image Src,Image Alt Text\nmug,Mug,8,https://a.b,=1";
    assert!(errors(alt.as_bytes())[0].contains("formula"));
}

#[test]
fn control_characters() {
    assert_eq!(error_in("Title", "Mu\0g"), "has the control character U+0000; remove it");
    assert!(error_in("Title", "Two\nlines").contains("U+000A"));
    assert!(error_in("Variant SKU", "a\u{85}b").contains("U+0085"));
    assert!(error_in("Body (HTML)", "a\u{1b}b").contains("U+001B"));
    let fine = "Handle,Title,Variant Price,Body (HTML)\nmug,Mug,8,\"=a\r\n\tb\"";
    assert_eq!(outline(fine.as_bytes()), ["+mug"]);
}

#[test]
fn texts_that_are_too_long() {
    let long = "é".repeat(MAX_TEXT + 1);
    for column in ["Handle", "Title", "Vendor", "Type", "Variant SKU", "Variant Barcode"] {
        assert!(error_in(column, &long).starts_with("expected at most 255 characters"), "{column}");
    }
    assert!(error_in("Tags", &format!("a,{long}")).contains("255 characters in each"));
    let long = "x".repeat(MAX_DESCRIPTION_BYTES + 1);
    assert!(error_in("Body (HTML)", &long).starts_with("expected at most 524288 bytes"));
}

#[test]
fn a_title_that_is_missing() {
    assert_eq!(error_in("Title", " "), "expected a title");
}

#[test]
fn handles_that_are_no_part_of_an_address() {
    for handle in ["Mug", "blue mug", "-mug", "_mug", "mug/cup", "=mug", "mug.html", "mug\u{a0}"] {
        let error = error_in("Handle", handle);
        assert!(error.starts_with("expected lower-case letters"), "{handle}: {error}");
    }
}

#[test]
fn a_row_without_a_handle_rejects_the_product_above_it() {
    let text = "Handle,Title,Variant Price\n,A,1\ncup,Cup,5\n ,,8\nmug,Mug,8\n";
    assert_eq!(outline(text.as_bytes()), ["-", "-cup", "+mug"]);
    let errors = errors(text.as_bytes());
    assert!(errors[0].starts_with("line 2, column `Handle`: expected lower-case"), "{errors:?}");
    assert!(errors[1].starts_with("line 4, column `Handle`: expected a handle"), "{errors:?}");
}

#[test]
fn more_or_fewer_cells_than_the_header() {
    let text = "Handle,Title,Variant Price\na,A,8,50\nb,B\nc,C,5\n";
    assert_eq!(outline(text.as_bytes()), ["-a", "-b", "+c"]);
    let errors = errors(text.as_bytes());
    assert!(errors[0].starts_with("line 2: expected 3 cells, as in the header, found 4"));
    assert!(errors[1].starts_with("line 3: expected 3 cells, as in the header, found 2"));
}

#[test]
fn a_broken_encoding() {
    let text = b"Handle,Title,Variant Price\na,Gr\xfc\xdfe,8\nb,\xc3,\xbc\nc,C,5\n";
    assert_eq!(outline(&text[..]), ["-a", "-b", "+c"]);
    assert_eq!(
        errors(&text[..]),
        [
            "line 2: broken encoding in cell 2; save the file as UTF-8",
            "line 3: broken encoding in cell 2; save the file as UTF-8",
        ],
    );
}

#[test]
fn rows_of_a_handle_in_a_broken_encoding_stay_together() {
    let text = b"Handle,Title,Variant Price\nb\xfc,A,8\nb\xfc,,8\nb\xfd,C,5\nc,C,5\n";
    let groups = rejected(&text[..]);
    let outline: Vec<_> = groups.iter().map(|it| (it.row_count, it.handle.as_deref())).collect();
    assert_eq!(outline, [(2, None), (1, None)]);
}

#[test]
fn a_quote_that_is_never_closed() {
    let text = "Handle,Title,Variant Price\na,A,1\nb,B,\"5\nc,C,5\n";
    assert_eq!(outline(text.as_bytes()), ["+a", "-b"]);
    assert!(errors(text.as_bytes())[0].starts_with("line 3: a quote is never closed"));
}

#[test]
fn the_line_of_an_error_is_that_of_an_editor() {
    let text = "Handle,Title,Body (HTML),Variant Price\r\na,A,\"1\r\n2\r3\n\",1\r\n\r\nb,B,,x\r\n";
    assert!(errors(text.as_bytes())[0].starts_with("line 7, column `Variant Price`"));
}

#[test]
fn ten_thousand_cells() {
    let text = format!("Handle,Title,Variant Price\na,A,1{}\nb,B,1\n", ",".repeat(10_000));
    assert_eq!(outline(text.as_bytes()), ["-a", "+b"]);
    let expected = format!("line 2: expected 3 cells, found more than {MAX_COLUMNS}");
    assert_eq!(errors(text.as_bytes()), [expected]);
}

/// `start`, then `x` until the line is `len` bytes long, then `end`.
fn long_line(start: &'static str, len: u64, end: &'static str) -> impl Read {
    start.as_bytes().chain(io::repeat(b'x').take(len)).chain(end.as_bytes())
}

#[test]
fn a_huge_line_is_one_error_and_the_file_goes_on() {
    const LEN: u64 = 64 * 1024 * 1024;
    let input = || {
        let (start, end) = ("Handle,Title,Variant Price\na,A,1\nb,B\"\"\"", "\",1\nc,C,1\n");
        long_line(start, LEN, end)
    };
    let mut reader = super::ProductReader::new(input(), super::testing::eur()).unwrap();
    let groups: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(groups.len(), 3);
    let super::ProductGroup::Rejected(group) = &groups[1] else { panic!("{groups:?}") };
    assert_eq!((group.line, group.row_count, group.errors.len()), (3, 1, 1));
    assert_eq!(group.handle.as_deref(), Some("b"));
    assert!(group.errors[0].to_string().starts_with("line 3: longer than 1048576 bytes"));
}

#[test]
fn a_huge_handle_is_no_row_of_the_product_above() {
    let len = 2 * MAX_RECORD_BYTES as u64;
    let start = "Handle,Title,Variant Price\na,A,1\n";
    assert_eq!(outline(long_line(start, len, ",,\nb,B,1\n")), ["+a", "-", "+b"]);
}

#[test]
fn a_huge_quoted_cell_is_skipped_with_the_lines_in_it() {
    let len = 2 * MAX_RECORD_BYTES as u64;
    let start = "Handle,Title,Variant Price\na,\"A\n\n";
    let end = "\nz,Z,1\n\",1\nb,B,x\n";
    let errors = errors(long_line(start, len, end));
    assert_eq!(errors.len(), 2);
    assert!(errors[0].starts_with("line 2: longer"));
    assert!(errors[1].starts_with("line 7, column"), "{errors:?}");
}
