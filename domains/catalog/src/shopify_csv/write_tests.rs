//! What the writer writes, and what it refuses.

use super::limits::{MAX_ALT_TEXT, MAX_DESCRIPTION_BYTES, MAX_IMAGES, MAX_TAGS, MAX_TEXT, MAX_URL};
use super::testing::{money, products};
use super::{
    CsvFileError, ParsedImage, ParsedOption, ParsedProduct, ParsedStatus, ParsedVariant,
    ProductWriter,
};

fn variant(option_values: &[&str]) -> ParsedVariant {
    ParsedVariant {
        line: 0,
        option_values: option_values.iter().map(|value| (*value).to_owned()).collect(),
        sku: None,
        barcode: None,
        price: money("8"),
        compare_at_price: None,
        inventory_quantity: 0,
    }
}

fn mug() -> ParsedProduct {
    ParsedProduct {
        line: 0,
        row_count: 0,
        handle: "mug".to_owned(),
        title: "Mug".to_owned(),
        description_html: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        tags: Vec::new(),
        status: ParsedStatus::Draft,
        options: Vec::new(),
        variants: vec![variant(&[])],
        images: Vec::new(),
    }
}

fn image(number: usize) -> ParsedImage {
    ParsedImage { url: format!("https://example.com/{number}.jpg"), alt: None }
}

fn written(products: &[ParsedProduct]) -> String {
    let mut writer = ProductWriter::new(Vec::new()).unwrap();
    products.iter().for_each(|product| writer.write(product).unwrap());
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// Why a product cannot be written.
fn refusal(product: &ParsedProduct) -> String {
    let mut writer = ProductWriter::new(Vec::new()).unwrap();
    let error = writer.write(product).unwrap_err();
    assert!(matches!(error, CsvFileError::Unwritable { .. }));
    writer.write(&mug()).unwrap();
    assert_eq!(writer.finish().unwrap(), written(&[mug()]).as_bytes(), "something was written");
    error.to_string()
}

#[test]
fn a_file_is_what_shopify_writes() {
    let shirt = ParsedProduct {
        handle: "shirt".to_owned(),
        title: "Shirt, \"blue\"".to_owned(),
        description_html: "<p>Two\nlines</p>".to_owned(),
        vendor: "=Acme".to_owned(),
        product_type: "Shirts".to_owned(),
        tags: vec!["men".to_owned(), "summer".to_owned()],
        status: ParsedStatus::Active,
        options: vec![ParsedOption {
            name: "Size".to_owned(),
            values: vec!["S".to_owned(), "M".to_owned()],
        }],
        variants: vec![
            ParsedVariant {
                sku: Some("S-1".to_owned()),
                barcode: Some("4006381333931".to_owned()),
                compare_at_price: Some(money("25")),
                inventory_quantity: -3,
                ..variant(&["S"])
            },
            variant(&["M"]),
        ],
        images: vec![ParsedImage { alt: Some("Front".to_owned()), ..image(1) }, image(2), image(3)],
        ..mug()
    };
    let expected = r#"Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Image Alt Text,Status
shirt,"Shirt, ""blue""","<p>Two
lines</p>",'=Acme,Shirts,"men, summer",true,Size,S,,,,,S-1,-3,8.00,25.00,4006381333931,https://example.com/1.jpg,1,Front,active
shirt,,,,,,,,M,,,,,,0,8.00,,,https://example.com/2.jpg,2,,
shirt,,,,,,,,,,,,,,,,,,https://example.com/3.jpg,3,,
mug,Mug,,,,,false,Title,Default Title,,,,,,0,8.00,,,,,,draft
"#;
    assert_eq!(written(&[shirt, mug()]), expected);
}

#[test]
fn no_cell_is_a_formula() {
    let formula = "=cmd|' /C calc'!A0".to_owned();
    let product = ParsedProduct {
        title: formula.clone(),
        description_html: formula.clone(),
        vendor: formula.clone(),
        product_type: formula.clone(),
        tags: vec![formula.clone(), formula.clone() + "2"],
        options: vec![ParsedOption { name: formula.clone(), values: vec![formula.clone()] }],
        variants: vec![ParsedVariant {
            sku: Some(formula.clone()),
            barcode: Some(formula.clone()),
            ..variant(&[&formula])
        }],
        images: vec![ParsedImage { alt: Some(formula.clone()), ..image(1) }],
        ..mug()
    };
    let text = written(std::slice::from_ref(&product));
    assert!(!text.contains(",=") && !text.contains("\"="), "{text}");
    assert_eq!(text.matches("'=cmd").count(), 10, "{text}");
    assert_eq!(products(&text)[0].tags, product.tags);
}

#[test]
fn a_product_that_would_come_back_different_is_refused() {
    let comma = ParsedProduct { tags: vec!["a,b".to_owned()], ..mug() };
    assert_eq!(
        refusal(&comma),
        "product `mug` cannot be written as Shopify CSV: its tags would be read back differently",
    );
    let space = ParsedProduct { title: " Mug".to_owned(), ..mug() };
    assert!(refusal(&space).contains("its title would"));
    let long = ParsedProduct { vendor: "x".repeat(256), ..mug() };
    assert!(refusal(&long).contains("column `Vendor`: expected at most 255"));
    let none = ParsedProduct { variants: Vec::new(), ..mug() };
    assert!(refusal(&none).contains("expected a variant"));
    let handle = ParsedProduct { handle: "Mug".to_owned(), ..mug() };
    assert!(refusal(&handle).contains("column `Handle`"));
    let option = ParsedProduct {
        options: vec![ParsedOption {
            name: "Title".to_owned(),
            values: vec!["Default Title".to_owned()],
        }],
        variants: vec![variant(&["Default Title"])],
        ..mug()
    };
    assert!(refusal(&option).contains("its options would"));
    let values = ParsedProduct { variants: vec![variant(&["S"])], ..mug() };
    assert!(refusal(&values).contains("its variants would"));
    let option = |name: &str| ParsedOption { name: name.to_owned(), values: vec!["1".to_owned()] };
    let options = ParsedProduct {
        options: ["A", "B", "C", "D"].map(option).into(),
        variants: vec![variant(&["1", "1", "1", "1"])],
        ..mug()
    };
    assert!(refusal(&options).contains("its options would"));
    let mut currencies = ParsedProduct { options: vec![option("A")], ..mug() };
    currencies.options[0].values.push("2".to_owned());
    currencies.variants = vec![variant(&["1"]), variant(&["2"])];
    currencies.variants[1].price = czo_core::Money::parse("8", "USD".parse().unwrap()).unwrap();
    assert!(refusal(&currencies).contains("its variants would"));
}

#[test]
fn the_largest_row_fits_a_record() {
    let wide = |max: usize| "茶".repeat(max);
    let long =
        |number: usize| format!("{number}{}", "🫖".repeat(MAX_TEXT - number.to_string().len()));
    let option = |name: usize| ParsedOption { name: long(name), values: vec![long(0)] };
    let product = ParsedProduct {
        handle: wide(MAX_TEXT),
        title: long(0),
        description_html: "x".repeat(MAX_DESCRIPTION_BYTES),
        vendor: long(0),
        product_type: long(0),
        tags: (0..MAX_TAGS).map(long).collect(),
        options: (0..3).map(option).collect(),
        variants: vec![ParsedVariant {
            sku: Some(long(0)),
            barcode: Some(long(0)),
            ..variant(&[&long(0), &long(0), &long(0)])
        }],
        images: (0..MAX_IMAGES)
            .map(|number| ParsedImage {
                url: format!("https://example.com/{number:03}{}", wide(MAX_URL - 23)),
                alt: Some(wide(MAX_ALT_TEXT)),
            })
            .collect(),
        ..mug()
    };
    let read = products(&written(std::slice::from_ref(&product))).remove(0);
    assert_eq!((read.tags, read.images), (product.tags, product.images));
}
