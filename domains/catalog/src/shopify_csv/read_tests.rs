//! Right files, and what is read from them.

use super::testing::{eur, money, outline, product, products};
use super::{ParsedImage, ParsedOption, ParsedStatus, ProductReader};

/// The tags of a product written into a cell.
fn tags(cell: &str) -> Vec<String> {
    product(&format!("Handle,Title,Variant Price,Tags\nshirt,Shirt,5,\"{cell}\"")).tags
}

fn status(status: &str, published: &str) -> ParsedStatus {
    let header = "Handle,Title,Variant Price,Status,Published";
    product(&format!("{header}\nshirt,Shirt,5,{status},{published}")).status
}

#[test]
fn rows_of_one_handle_are_one_product_with_variants_and_images() {
    let text = "\
Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Image Alt Text,Status
shirt,Blue Shirt,\"<p>Two
lines</p> \",Acme,Shirts,\"men, summer\",Size,S,Colour,Blue,S-1,3,19.9,25,4006381333931,https://example.com/2.jpg,2,Back,active
shirt,,,,,,,M,,Blue,,-2,21,,,https://example.com/1.jpg,1,,
shirt,,,,,,,,,,,,,,,https://example.com/3.jpg,,,
shirt,,,,,,,M,,Red,,,21.00,,,,,,
mug,Mug,,,,,Title,Default Title,,,,,8,,,,,,draft
";
    let [shirt, mug] = <[_; 2]>::try_from(products(text)).unwrap();
    assert_eq!((shirt.line, shirt.row_count, &*shirt.handle), (2, 4, "shirt"));
    assert_eq!(shirt.title, "Blue Shirt");
    assert_eq!(shirt.description_html, "<p>Two\nlines</p> ");
    assert_eq!((&*shirt.vendor, &*shirt.product_type), ("Acme", "Shirts"));
    assert_eq!(shirt.tags, ["men", "summer"]);
    assert_eq!(shirt.status, ParsedStatus::Active);
    let option = |name: &str, values: [&str; 2]| ParsedOption {
        name: name.to_owned(),
        values: values.map(str::to_owned).into(),
    };
    assert_eq!(shirt.options, [option("Size", ["S", "M"]), option("Colour", ["Blue", "Red"])]);
    let variants: Vec<_> = shirt
        .variants
        .iter()
        .map(|it| (it.line, it.option_values.join("/"), it.price, it.inventory_quantity))
        .collect();
    assert_eq!(
        variants,
        [
            (2, "S/Blue".to_owned(), money("19.90"), 3),
            (4, "M/Blue".to_owned(), money("21"), -2),
            (6, "M/Red".to_owned(), money("21"), 0),
        ],
    );
    let first = &shirt.variants[0];
    assert_eq!(first.sku.as_deref(), Some("S-1"));
    assert_eq!(first.barcode.as_deref(), Some("4006381333931"));
    assert_eq!(first.compare_at_price, Some(money("25")));
    assert_eq!((&shirt.variants[1].sku, shirt.variants[1].compare_at_price), (&None, None));
    let image = |url: &str, alt: Option<&str>| ParsedImage {
        url: format!("https://example.com/{url}"),
        alt: alt.map(str::to_owned),
    };
    assert_eq!(
        shirt.images,
        [image("1.jpg", None), image("2.jpg", Some("Back")), image("3.jpg", None)],
    );
    assert_eq!((mug.line, mug.status), (7, ParsedStatus::Draft));
    assert_eq!((mug.options.len(), mug.variants.len(), mug.images.len()), (0, 1, 0));
    assert!(mug.variants[0].option_values.is_empty());
}

#[test]
fn three_columns_are_enough() {
    let mug = product("Handle,Title,Variant Price\nmug,Mug,8");
    assert_eq!((mug.status, mug.variants[0].inventory_quantity), (ParsedStatus::Active, 0));
    assert_eq!((mug.options.len(), mug.variants[0].option_values.len()), (0, 0));
}

#[test]
fn newer_column_names_mean_the_same() {
    let mug = product(
        "Title,URL handle,Description,Vendor,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Price,Compare-at price,Inventory quantity,Product image URL,Image position,Image alt text
Mug,mug,<b>,Acme,Cups,a,TRUE,Active,M-1,123,Size,L,8,9,4,https://example.com/1,1,A mug",
    );
    let [variant] = <[_; 1]>::try_from(mug.variants).unwrap();
    assert_eq!((&*mug.handle, &*mug.description_html, &*mug.tags[0]), ("mug", "<b>", "a"));
    assert_eq!((variant.sku.as_deref(), variant.barcode.as_deref()), (Some("M-1"), Some("123")));
    assert_eq!((variant.price, variant.compare_at_price), (money("8"), Some(money("9"))));
    assert_eq!((variant.inventory_quantity, &*variant.option_values[0]), (4, "L"));
    assert_eq!(mug.images[0].alt.as_deref(), Some("A mug"));
}

#[test]
fn column_names_are_compared_without_case_and_space_around() {
    assert_eq!(product(" HANDLE ,title,\"variant price\"\nmug,Mug,8").title, "Mug");
}

#[test]
fn byte_order_mark_line_ends_and_empty_rows_do_not_matter() {
    let plain = products("Handle,Title,Variant Price\nmug,Mug,8\ncup,Cup,5");
    for text in [
        "\u{feff}Handle,Title,Variant Price\nmug,Mug,8\ncup,Cup,5\n",
        "Handle,Title,Variant Price\r\nmug,Mug,8\r\ncup,Cup,5\r\n",
        "Handle,Title,Variant Price\rmug,Mug,8\rcup,Cup,5",
        "\u{feff}\"Handle\",\"Title\",\"Variant Price\"\nmug,Mug,8\ncup,Cup,5\n,,\n , ,\n,\n\n",
    ] {
        assert_eq!(products(text), plain, "{text:?}");
    }
}

#[test]
fn a_header_alone_is_a_file_without_products() {
    assert!(products("Handle,Title,Variant Price\n").is_empty());
}

#[test]
fn status_wins_over_published() {
    use ParsedStatus::{Active, Archived, Draft};

    let cases = [
        (("active", "false"), Active),
        (("DRAFT", "true"), Draft),
        (("Archived", ""), Archived),
        (("", "true"), Active),
        (("", "FALSE"), Draft),
        (("", ""), Active),
        // Nobody asks for it then.
        (("draft", "perhaps"), Draft),
    ];
    for ((word, published), expected) in cases {
        assert_eq!(status(word, published), expected, "{word:?}, {published:?}");
    }
}

#[test]
fn tags_are_trimmed_and_stand_once() {
    assert_eq!(tags(" men ,summer,, men,Men"), ["men", "summer", "Men"]);
    assert!(tags(" , ").is_empty());
}

#[test]
fn a_quote_before_a_formula_is_taken_away() {
    assert_eq!(tags("'=sale,new"), ["=sale", "new"]);
    assert_eq!(tags("''@a"), ["'@a"]);
    assert_eq!(tags("'tis"), ["'tis"]);
}

#[test]
fn title_is_an_option_like_any_other_unless_its_only_value_is_the_default() {
    let header = "Handle,Title,Option1 Name,Option1 Value,Variant Price";
    let poster = product(&format!("{header}\nposter,Poster,Title,One,5\nposter,,,Two,5"));
    assert_eq!(poster.options[0].values, ["One", "Two"]);
    let poster = product(&format!("{header}\nposter,P,Title,Default Title,5\nposter,,,Two,5"));
    assert_eq!(poster.options[0].values, ["Default Title", "Two"]);
}

#[test]
fn a_repeated_image_is_one_image() {
    let images = product(
        "Handle,Title,Variant Price,Option1 Name,Option1 Value,Image Src,Image Position
mug,Mug,8,Size,S,http://example.com/1,
mug,,8,,M,http://example.com/1,
mug,,,,,http://example.com/1,2
mug,,,,,http://example.com/2,2",
    )
    .images;
    let urls: Vec<_> = images.iter().map(|image| &image.url[19..]).collect();
    assert_eq!(urls, ["1", "2", "1"]);
}

#[test]
fn a_further_row_with_nothing_to_import_is_passed_over() {
    let mug = product(
        "Handle,Title,Variant Price,Variant Inventory Qty,Grams\nmug,Mug,8,1,\nmug,Mug,,0,12\nmug,,,,",
    );
    assert_eq!((mug.row_count, mug.variants.len()), (3, 1));
}

#[test]
fn columns_that_hold_values_in_vain_are_named() {
    let text = "Handle,Grams,Title,,Variant Price,Colour,Grams\nmug,,Mug,,8,, \nmug,12,,x,,,\n";
    let mut reader = ProductReader::new(text.as_bytes(), eur()).unwrap();
    assert_eq!(reader.ignored_columns().count(), 0);
    assert!(reader.by_ref().all(|group| group.is_ok()));
    let ignored: Vec<_> = reader.ignored_columns().collect();
    assert_eq!(ignored, ["Grams", "column 4 (without a name)"]);
}

#[test]
fn handles_may_be_of_any_script() {
    let text = "Handle,Title,Variant Price\nblaue-tasse_2,T,1\nчашка,T,1\n茶碗,T,1\n2nd,T,1";
    assert_eq!(outline(text.as_bytes()), ["+blaue-tasse_2", "+чашка", "+茶碗", "+2nd"]);
}
