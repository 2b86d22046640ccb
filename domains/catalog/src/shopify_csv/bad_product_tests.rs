//! Rows that are wrong together.

use super::ProductGroup;
use super::limits::{MAX_ERRORS, MAX_IMAGES, MAX_TAGS, MAX_VARIANTS};
use super::testing::{errors, outline, product, read, rejected};

const HEADER: &str =
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price";

/// The errors of rows below [`HEADER`].
fn errors_of(rows: &str) -> Vec<String> {
    errors(format!("{HEADER}\n{rows}").as_bytes())
}

#[test]
fn one_bad_row_rejects_the_product_and_every_error_is_told() {
    let text = "Handle,Title,Variant Price,Option1 Name,Option1 Value
mug,,8,Size,S
mug,,x,,M
mug,,9,,
cup,Cup,5,,
";
    assert_eq!(outline(text.as_bytes()), ["-mug", "+cup"]);
    let [group] = <[_; 1]>::try_from(rejected(text.as_bytes())).unwrap();
    assert_eq!((group.line, group.row_count, group.more_errors), (2, 3, 0));
    let errors: Vec<_> = group.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "line 2, column `Title`: expected a title",
            "line 3, column `Variant Price`: expected a decimal number such as `19.90`, without thousands separators, found `x`",
            "line 4, column `Option1 Value`: expected a value of option `Size`",
        ],
    );
}

#[test]
fn a_variant_without_a_price() {
    let errors = errors_of("mug,Mug,Size,S,,,,8\nmug,,,M,,,,\n");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("line 3, column `Variant Price`: expected"), "{errors:?}");
}

#[test]
fn the_same_variant_twice() {
    assert_eq!(
        errors_of("mug,Mug,Size,S,Colour,Red,,8\nmug,,,S,,Blue,,8\nmug,,,S,,Red,,8\n"),
        ["line 4: the variant on line 2 has the same option values"],
    );
    assert_eq!(
        errors_of("mug,Mug,,,,,,8\nmug,,,,,,,9\n"),
        ["line 3: a product without options has one variant, and it stands on line 2"],
    );
    assert_eq!(
        errors_of("mug,A,Title,Default Title,,,,8\nmug,B,Title,Default Title,,,,9").len(),
        1
    );
}

#[test]
fn a_value_of_an_option_that_is_not_declared() {
    let errors = errors_of("mug,Mug,Size,S,,,,8\nmug,,,M,,Blue,,8\n");
    assert_eq!(
        errors,
        [
            "line 3, column `Option2 Value`: expected nothing, as the first row names no such option, found `Blue`"
        ],
    );
}

#[test]
fn an_option_that_changes_its_name() {
    assert!(errors_of("mug,Mug,Size,S,,,,8\nmug,,Size,M,,,,8\n").is_empty());
    let errors = errors_of("mug,Mug,Size,S,,,,8\nmug,,Colour,M,,,,8\n");
    assert!(errors[0].starts_with("line 3, column `Option1 Name`"), "{errors:?}");
}

#[test]
fn options_declared_twice_or_with_a_gap() {
    let errors = errors_of("mug,Mug,Size,S,Size,M,,8\ncup,Cup,,,Size,M,,8\n");
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("column `Option2 Name`: expected each option once"), "{errors:?}");
    assert!(errors[1].contains("column `Option2 Name`: expected nothing while"), "{errors:?}");
}

#[test]
fn bad_option_names_are_one_error_whatever_follows() {
    let errors = errors_of("mug,Mug,=1,S,,,,8\nmug,,,M,,,,8\nmug,,,M,,,,8\n");
    assert_eq!(errors.len(), 1);
}

#[test]
fn ten_thousand_variants() {
    let mut text = format!("{HEADER}\nmug,Mug,Number,0,,,,8\n");
    for number in 1..10_000 {
        text += &format!("mug,,,{number},,,,8\n");
    }
    text += "cup,Cup,,,,,,5\n";
    assert_eq!(outline(text.as_bytes()), ["-mug", "+cup"]);
    let [group] = <[_; 1]>::try_from(rejected(text.as_bytes())).unwrap();
    assert_eq!(group.row_count, 10_000);
    assert_eq!(group.errors.len(), 1);
    let error = group.errors[0].to_string();
    assert!(error.starts_with("line 2050: expected at most 2048 variants"), "{error}");
}

#[test]
fn as_many_variants_images_and_tags_as_allowed() {
    let text = |variants: usize, images: usize, tags: usize| {
        let tags: Vec<_> = (0..tags).map(|it| it.to_string()).collect();
        let mut text = format!(
            "Handle,Title,Tags,Option1 Name,Option1 Value,Variant Price,Image Src\nmug,Mug,\"{}\",Number,0,8,\n",
            tags.join(","),
        );
        (1..variants).for_each(|number| text += &format!("mug,,,,{number},8,\n"));
        (0..images).for_each(|number| text += &format!("mug,,,,,,https://a.b/{number}\n"));
        text
    };
    let mug = product(&text(MAX_VARIANTS, MAX_IMAGES, MAX_TAGS));
    assert_eq!(mug.variants.len(), MAX_VARIANTS);
    assert_eq!((mug.images.len(), mug.tags.len()), (MAX_IMAGES, MAX_TAGS));
    let images = errors(text(1, MAX_IMAGES + 1, 0).as_bytes());
    assert!(images[0].starts_with("line 253, column `Image Src`: expected at most 250 images"));
    let tags = errors(text(1, 0, MAX_TAGS + 1).as_bytes());
    assert!(tags[0].starts_with("line 2, column `Tags`: expected at most 250"));
}

#[test]
fn errors_beyond_a_hundred_are_counted() {
    let mut text = format!("{HEADER}\nmug,Mug,Number,0,,,,x\n");
    (1..1_000).for_each(|number| text += &format!("mug,,,{number},,,,x\n"));
    let [group] = <[_; 1]>::try_from(rejected(text.as_bytes())).unwrap();
    assert_eq!((group.errors.len(), group.more_errors), (MAX_ERRORS, 900));
}

#[test]
fn a_handle_that_comes_back() {
    let text = format!("{HEADER}\nmug,Mug,,,,,,8\ncup,Cup,,,,,,5\nmug,Mug,,,,,,8\nmug,,,,,,,8\n");
    assert_eq!(outline(text.as_bytes()), ["+mug", "+cup", "-mug"]);
    let expected = "line 4: handle `mug` already stood on line 2; the rows of one product must follow each other";
    assert!(errors(text.as_bytes()).contains(&expected.to_owned()));
}

#[test]
fn a_sku_that_stands_twice_in_one_product() {
    assert_eq!(
        errors_of("mug,Mug,Size,S,,,A-1,8\nmug,,,M,,,A-1,8\n"),
        ["line 3, column `Variant SKU`: SKU `A-1` already stands on line 2"],
    );
}

#[test]
fn a_sku_that_stands_in_two_products() {
    let text = format!("{HEADER}\nmug,Mug,,,,,A-1,8\ncup,Cup,,,,,A-1,5\njug,Jug,,,,,a-1,5\n");
    assert_eq!(outline(text.as_bytes()), ["+mug", "-cup", "+jug"]);
    assert_eq!(
        errors(text.as_bytes()),
        ["line 3, column `Variant SKU`: SKU `A-1` already stands on line 2"],
    );
}

#[test]
fn the_sku_of_a_rejected_product_is_free() {
    let text = format!("{HEADER}\nmug,,,,,,A-1,8\ncup,Cup,,,,,A-1,5\n");
    assert_eq!(outline(text.as_bytes()), ["-mug", "+cup"]);
}

#[test]
fn an_error_reads_as_json() {
    let text = format!("{HEADER}\nmug,Mug,,,,,,\n");
    let ProductGroup::Rejected(group) = read(text.as_bytes()).remove(0) else { panic!() };
    let json = serde_json::to_value(&group.errors[0]).unwrap();
    assert_eq!((&json["line"], &json["column"]), (&2.into(), &"Variant Price".into()));
}
