//! What holds for every file and every product.

use std::collections::HashSet;
use std::io::{self, Read};

use czo_core::Money;
use proptest::collection::{hash_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::limits::MAX_ERRORS;
use super::testing::{eur, read};
use super::{
    ParsedImage, ParsedOption, ParsedProduct, ParsedStatus, ParsedVariant, ProductGroup,
    ProductReader, ProductWriter,
};

/// One line of text, with everything that CSV, spreadsheets and we ourselves find special.
fn text() -> impl Strategy<Value = String> {
    let nasty =
        select(&["=", "@", "+", "-", "'", "\"", ",", ";", "(", "|", "!", " ", "é", "🫖"][..]);
    let nasty = vec(nasty, 0..8).prop_map(|parts| parts.concat());
    prop_oneof![nasty, "\\PC{0,20}", "[a-z]{1,8}"].prop_map(|text| text.trim().to_owned())
}

fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("empty", |text| !text.is_empty())
}

fn tag() -> impl Strategy<Value = String> {
    some_text()
        .prop_map(|text| text.replace(',', "").trim().to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

fn description() -> impl Strategy<Value = String> {
    prop_oneof!["[='\t\r\n\", <>(a|-]{0,12}", text()]
}

fn money() -> impl Strategy<Value = Money> {
    (0..=Money::MAX_MINOR).prop_map(|minor| Money::from_minor_units(minor, eur()).unwrap())
}

fn image() -> impl Strategy<Value = ParsedImage> {
    ("https?://[a-z]{1,5}[.]com/[a-z0-9?=&,\"%]{0,9}", of(some_text()))
        .prop_map(|(url, alt)| ParsedImage { url, alt })
}

/// A variant without option values and without a SKU of its own yet.
fn variant() -> impl Strategy<Value = ParsedVariant> {
    (of(some_text()), of(some_text()), money(), of(money()), any::<i32>()).prop_map(
        |(sku, barcode, price, compare_at_price, quantity)| ParsedVariant {
            line: 0,
            option_values: Vec::new(),
            sku,
            barcode,
            price,
            compare_at_price,
            inventory_quantity: quantity.into(),
        },
    )
}

/// Up to three options, with the values of up to six variants, each different.
fn options() -> impl Strategy<Value = (Vec<ParsedOption>, Vec<Vec<String>>)> {
    hash_set(some_text(), 1..=3)
        .prop_flat_map(|names| {
            let row = vec(some_text(), names.len());
            (Just(names), hash_set(row, 1..=6))
        })
        .prop_filter("a product without options", |(names, rows)| {
            !(names.contains("Title") && rows.iter().all(|row| *row == ["Default Title"]))
        })
        .prop_map(|(names, rows)| {
            let rows: Vec<_> = rows.into_iter().collect();
            let option = |(at, name): (usize, String)| {
                let mut seen = HashSet::new();
                let values = rows.iter().map(|row| row[at].clone());
                ParsedOption { name, values: values.filter(|it| seen.insert(it.clone())).collect() }
            };
            (names.into_iter().enumerate().map(option).collect(), rows)
        })
}

fn product() -> impl Strategy<Value = ParsedProduct> {
    let options = prop_oneof![Just((Vec::new(), vec![Vec::new()])), options()];
    let status = select(&[ParsedStatus::Draft, ParsedStatus::Active, ParsedStatus::Archived][..]);
    let fields = (some_text(), description(), text(), text(), hash_set(tag(), 0..4), status);
    let parts = (fields, options, vec(variant(), 6), vec(image(), 0..5));
    parts.prop_map(|(fields, (options, rows), variants, images)| {
        let (title, description_html, vendor, product_type, tags, status) = fields;
        let variants = rows.into_iter().zip(variants);
        ParsedProduct {
            line: 0,
            row_count: 0,
            handle: String::new(),
            title,
            description_html,
            vendor,
            product_type,
            tags: tags.into_iter().collect(),
            status,
            options,
            variants: variants
                .map(|(option_values, variant)| ParsedVariant { option_values, ..variant })
                .collect(),
            images,
        }
    })
}

/// Products with handles and SKUs of their own.
fn shop() -> impl Strategy<Value = Vec<ParsedProduct>> {
    vec(product(), 0..4).prop_map(|mut products| {
        let mut skus = HashSet::new();
        for (number, product) in products.iter_mut().enumerate() {
            product.handle = format!("é-{number}_");
            for variant in &mut product.variants {
                variant.sku = variant.sku.take().filter(|sku| skus.insert(sku.clone()));
            }
        }
        products
    })
}

fn without_lines(group: ProductGroup) -> ParsedProduct {
    let ProductGroup::Product(mut product) = group else { panic!("{group:#?}") };
    (product.line, product.row_count) = (0, 0);
    product.variants.iter_mut().for_each(|variant| variant.line = 0);
    product
}

/// Bytes that are half a file: right often enough to come far, wrong in every way.
fn almost_a_file() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b"a",
        b"b",
        b",",
        b",",
        b",",
        b"\n",
        b"\n",
        b"\r",
        b"\"",
        b"'",
        b"=",
        b"8",
        b"-1",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xc3\xa9",
        b"a,A,8,Size,S,A-1,https://a.b\n",
        b"a,,8,,M,,\n",
        b"b,B,8,,,,\n",
        b"b,,,,,,https://a.b\n",
        b",,,,,,\n",
    ];
    vec(select(PARTS), 0..60).prop_map(|parts| {
        let header = &b"Handle,Title,Variant Price,Option1 Name,Option1 Value,SKU,Image Src\n"[..];
        [header, &parts.concat()].concat()
    })
}

/// Gives its bytes in pieces of these lengths.
struct Pieces<'a>(&'a [u8], Vec<Index>);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.1.pop().map_or(buffer.len(), |index| 1 + index.index(9));
        let len = len.min(buffer.len());
        self.0.read(&mut buffer[..len])
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(products in shop()) {
        let mut writer = ProductWriter::new(Vec::new()).unwrap();
        for product in &products {
            writer.write(product).unwrap();
        }
        let file = writer.finish().unwrap();
        let groups: Vec<_> = read(&*file).into_iter().map(without_lines).collect();
        prop_assert_eq!(groups, products);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(reader) = ProductReader::new(&*bytes, eur()) {
            reader.for_each(drop);
        }
    }

    #[test]
    fn no_row_is_lost_and_no_group_is_empty(bytes in almost_a_file()) {
        let mut last_line = 1;
        for group in read(&*bytes) {
            let (line, row_count) = match group {
                ProductGroup::Product(product) => {
                    prop_assert!(!product.variants.is_empty());
                    (product.line, product.row_count)
                }
                ProductGroup::Rejected(group) => {
                    prop_assert!((1..=MAX_ERRORS).contains(&group.errors.len()));
                    prop_assert!(group.errors.is_sorted_by_key(|error| error.line));
                    (group.line, group.row_count)
                }
            };
            prop_assert!(line > last_line);
            last_line = line + row_count - 1;
        }
    }

    #[test]
    fn an_accepted_product_can_be_written(bytes in almost_a_file()) {
        let mut writer = ProductWriter::new(io::sink()).unwrap();
        for group in read(&*bytes) {
            if let ProductGroup::Product(product) = group {
                writer.write(&product).unwrap();
            }
        }
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_arrive(
        bytes in almost_a_file(),
        lengths in vec(any::<Index>(), 0..400),
    ) {
        prop_assert_eq!(read(Pieces(&bytes, lengths)), read(&*bytes));
    }
}
