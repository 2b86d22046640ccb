//! Checks what a shop says about a product.

use std::collections::{HashMap, HashSet};

use czo_core::{Currency, FieldError, FieldErrorCode as Code, Money};

use super::{
    Handle, Image, ProductContent, ProductDraft, VariantContent, VariantDraft, is_web_address,
};

/// How many variants a product may have.
pub const MAX_VARIANTS: usize = 2_048;
/// How many images a product may have.
pub const MAX_IMAGES: usize = 250;
/// How many tags a product may have.
pub const MAX_TAGS: usize = 250;
/// How many options a product may have.
pub const MAX_OPTIONS: usize = 3;
/// How long a title, a tag, a SKU and other short texts may be, in characters.
pub const MAX_TEXT_CHARS: usize = 255;
/// How long a description may be, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 512 * 1024;
/// How long the description of an image may be, in characters.
pub const MAX_ALT_CHARS: usize = 512;
/// How long the URL of an image may be, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// Checks a draft and reports everything that is wrong with it at once.
pub(crate) fn validate(
    mut draft: ProductDraft,
    currency: Currency,
) -> Result<ProductContent, Vec<FieldError>> {
    let mut errors = Errors::default();
    if is_without_options(&draft) {
        draft.options.clear();
        draft.variants.iter_mut().for_each(|variant| variant.option_values.clear());
    }
    let handle = errors.handle(draft.handle.as_deref(), &draft.title);
    let content = ProductContent {
        handle,
        title: errors.required("title", draft.title),
        description_html: errors.description(draft.description_html),
        vendor: errors.text("vendor", draft.vendor),
        product_type: errors.text("productType", draft.product_type),
        status: draft.status,
        tags: errors.tags(draft.tags),
        option_names: errors.options(draft.options),
        images: errors.images(draft.images),
        variants: Vec::new(),
    };
    let variants = errors.variants(draft.variants, content.option_names.len(), currency);
    if errors.0.is_empty() { Ok(ProductContent { variants, ..content }) } else { Err(errors.0) }
}

/// The handle that was given, or the one made from the title; or what is wrong with it.
pub(crate) fn handle_of(given: Option<&str>, title: &str) -> Result<Handle, String> {
    match given {
        Some(text) => text.parse().map_err(|error| format!("{error}")),
        None => Handle::from_title(title)
            .ok_or_else(|| "no handle can be made from the title: send one".to_owned()),
    }
}

/// Whether a product says in Shopify's way that it has no options: one called `Title`, and one
/// variant whose value is `Default Title`.
fn is_without_options(draft: &ProductDraft) -> bool {
    draft.options == ["Title"]
        && matches!(&draft.variants[..], [only] if only.option_values == ["Default Title"])
}

/// What is wrong so far. Each method returns the value in its final form, or a stand-in that is
/// thrown away because an error was noted.
#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, path: &str, code: Code, message: impl Into<String>) {
        self.0.push(FieldError::new(path, code, message));
    }

    fn handle(&mut self, given: Option<&str>, title: &str) -> Handle {
        handle_of(given, title).unwrap_or_else(|message| {
            self.add("handle", Code::Invalid, message);
            "x".parse().expect("a letter is a handle")
        })
    }

    /// A short text: one line, trimmed.
    fn text(&mut self, path: &str, text: String) -> String {
        self.line(path, text, MAX_TEXT_CHARS)
    }

    fn line(&mut self, path: &str, text: String, max_chars: usize) -> String {
        if text.chars().count() > max_chars {
            let message = format!("expected at most {max_chars} characters");
            self.add(path, Code::TooLong, message);
        } else if text.chars().any(char::is_control) {
            self.add(path, Code::Invalid, "expected one line without control characters");
        }
        let trimmed = text.trim();
        if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
    }

    fn required(&mut self, path: &str, text: String) -> String {
        let text = self.text(path, text);
        if text.is_empty() {
            self.add(path, Code::Required, "expected a text that is not empty");
        }
        text
    }

    /// A short text that may be absent; an empty one is absent.
    fn optional(&mut self, path: &str, text: Option<String>) -> Option<String> {
        text.map(|text| self.text(path, text)).filter(|text| !text.is_empty())
    }

    fn description(&mut self, html: String) -> String {
        let path = "descriptionHtml";
        if html.len() > MAX_DESCRIPTION_BYTES {
            let message = format!("expected at most {MAX_DESCRIPTION_BYTES} bytes");
            self.add(path, Code::TooLong, message);
        } else if html.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add(path, Code::Invalid, "expected text without control characters");
        }
        html
    }

    fn at_most(&mut self, path: &str, count: usize, limit: usize) -> bool {
        if count > limit {
            self.add(path, Code::TooMany, format!("expected at most {limit}, got {count}"));
        }
        count <= limit
    }

    fn tags(&mut self, tags: Vec<String>) -> Vec<String> {
        if !self.at_most("tags", tags.len(), MAX_TAGS) {
            return tags;
        }
        let mut kept: Vec<String> = Vec::with_capacity(tags.len());
        for (place, tag) in tags.into_iter().enumerate() {
            let path = format!("tags.{place}");
            let tag = self.required(&path, tag);
            if tag.contains(',') {
                self.add(&path, Code::Invalid, "expected a tag without commas");
            }
            if !kept.contains(&tag) {
                kept.push(tag);
            }
        }
        kept
    }

    fn options(&mut self, names: Vec<String>) -> Vec<String> {
        if !self.at_most("options", names.len(), MAX_OPTIONS) {
            return names;
        }
        let mut kept: Vec<String> = Vec::with_capacity(names.len());
        for (place, name) in names.into_iter().enumerate() {
            let path = format!("options.{place}");
            let name = self.required(&path, name);
            if kept.contains(&name) {
                self.add(&path, Code::Duplicate, format!("the option `{name}` stands here twice"));
            }
            kept.push(name);
        }
        kept
    }

    fn images(&mut self, images: Vec<Image>) -> Vec<Image> {
        if !self.at_most("images", images.len(), MAX_IMAGES) {
            return images;
        }
        images
            .into_iter()
            .enumerate()
            .map(|(place, image)| Image {
                url: self.url(&format!("images.{place}.url"), image.url),
                alt: image
                    .alt
                    .map(|alt| self.line(&format!("images.{place}.alt"), alt, MAX_ALT_CHARS))
                    .filter(|alt| !alt.is_empty()),
            })
            .collect()
    }

    fn url(&mut self, path: &str, url: String) -> String {
        if url.len() > MAX_URL_BYTES {
            self.add(path, Code::TooLong, format!("expected at most {MAX_URL_BYTES} bytes"));
        } else if !is_web_address(&url) {
            self.add(path, Code::Invalid, "expected a URL that starts with https:// or http://");
        }
        url
    }

    fn variants(
        &mut self,
        variants: Vec<VariantDraft>,
        options: usize,
        currency: Currency,
    ) -> Vec<VariantContent> {
        if variants.is_empty() {
            self.add("variants", Code::Required, "expected at least one variant");
        }
        if !self.at_most("variants", variants.len(), MAX_VARIANTS) {
            return Vec::new();
        }
        let mut checked = Vec::with_capacity(variants.len());
        for (place, variant) in variants.into_iter().enumerate() {
            checked.extend(self.variant(place, variant, options, currency));
        }
        self.duplicates(&checked);
        checked
    }

    fn variant(
        &mut self,
        place: usize,
        variant: VariantDraft,
        options: usize,
        currency: Currency,
    ) -> Option<VariantContent> {
        let path = |field: &str| format!("variants.{place}.{field}");
        let values = path("optionValues");
        if variant.option_values.len() != options {
            let got = variant.option_values.len();
            let message = format!("expected {options} values, one for each option, got {got}");
            self.add(&values, Code::Invalid, message);
        }
        let option_values =
            variant.option_values.into_iter().map(|value| self.required(&values, value)).collect();
        let sku = self.optional(&path("sku"), variant.sku);
        let barcode = self.optional(&path("barcode"), variant.barcode);
        let price = self.money(&path("price"), &variant.price, currency);
        let compare_at = variant.compare_at_price.filter(|text| !text.is_empty());
        let compare_at_price =
            compare_at.and_then(|text| self.money(&path("compareAtPrice"), &text, currency));
        Some(VariantContent {
            option_values,
            sku,
            barcode,
            price: price?,
            compare_at_price,
            inventory_quantity: variant.inventory_quantity,
        })
    }

    fn money(&mut self, path: &str, text: &str, currency: Currency) -> Option<Money> {
        Money::parse(text, currency)
            .map_err(|error| self.add(path, Code::Invalid, error.to_string()))
            .ok()
    }

    fn duplicates(&mut self, variants: &[VariantContent]) {
        let mut combinations = HashSet::new();
        let mut skus = HashMap::new();
        for (place, variant) in variants.iter().enumerate() {
            if !combinations.insert(&variant.option_values) {
                let message = match variant.option_values.join(" / ") {
                    none if none.is_empty() => {
                        "a product without options has exactly one variant".to_owned()
                    }
                    values => format!("there are two variants {values}"),
                };
                self.add(&format!("variants.{place}.optionValues"), Code::Duplicate, message);
            }
            if let Some(sku) = &variant.sku
                && let Some(first) = skus.insert(sku, place)
            {
                let message = format!("variant {first} has the SKU `{sku}` already");
                self.add(&format!("variants.{place}.sku"), Code::Duplicate, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> ProductDraft {
        ProductDraft {
            title: "Ocean Blue Shirt".to_owned(),
            options: vec!["Size".to_owned()],
            variants: vec![variant("S"), variant("M")],
            ..ProductDraft::default()
        }
    }

    fn variant(size: &str) -> VariantDraft {
        VariantDraft {
            option_values: vec![size.to_owned()],
            price: "19.90".to_owned(),
            ..VariantDraft::default()
        }
    }

    /// The paths and codes of what is wrong with a changed draft.
    fn wrong(change: impl FnOnce(&mut ProductDraft)) -> Vec<(String, Code)> {
        let mut draft = draft();
        change(&mut draft);
        match validate(draft, "EUR".parse().unwrap()) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|e| (e.field.join("."), e.code)).collect(),
        }
    }

    fn one(path: &str, code: Code) -> Vec<(String, Code)> {
        vec![(path.to_owned(), code)]
    }

    #[test]
    fn a_draft_that_is_right_gets_a_handle_from_its_title() {
        let content = validate(draft(), "EUR".parse().unwrap()).unwrap();
        assert_eq!(content.handle.as_str(), "ocean-blue-shirt");
        assert_eq!(content.variants[1].price.minor_units(), 1990);
    }

    #[test]
    fn each_wrong_field_is_named_by_its_path() {
        assert_eq!(wrong(|d| d.title = "a\nb".into()), one("title", Code::Invalid));
        assert_eq!(wrong(|d| d.title = "x".repeat(256)), one("title", Code::TooLong));
        assert_eq!(wrong(|d| d.handle = Some("A b".into())), one("handle", Code::Invalid));
        assert_eq!(wrong(|d| d.vendor = "\0".into()), one("vendor", Code::Invalid));
        assert_eq!(
            wrong(|d| d.description_html = "\u{7}".into()),
            one("descriptionHtml", Code::Invalid)
        );
        assert_eq!(wrong(|d| d.tags = vec!["a,b".into()]), one("tags.0", Code::Invalid));
        assert_eq!(wrong(|d| d.tags = vec!["x".into(); 251]), one("tags", Code::TooMany));
        assert_eq!(wrong(|d| d.variants.clear()), one("variants", Code::Required));
        assert_eq!(
            wrong(|d| d.variants[1].price = "-1".into()),
            one("variants.1.price", Code::Invalid)
        );
        assert_eq!(
            wrong(|d| d.variants[1].price = "99999999999".into()),
            one("variants.1.price", Code::Invalid)
        );
        assert_eq!(
            wrong(|d| d.variants[1].compare_at_price = Some("ten".into())),
            one("variants.1.compareAtPrice", Code::Invalid)
        );
        assert_eq!(
            wrong(|d| d.variants[1].option_values.clear()),
            one("variants.1.optionValues", Code::Invalid)
        );
    }

    #[test]
    fn what_occurs_twice_is_refused() {
        assert_eq!(
            wrong(|d| d.variants.push(variant("S"))),
            one("variants.2.optionValues", Code::Duplicate)
        );
        assert_eq!(
            wrong(|d| d.variants.iter_mut().for_each(|v| v.sku = Some("A-1".into()))),
            one("variants.1.sku", Code::Duplicate)
        );
        let twice = wrong(|d| {
            d.options.push("Size".into());
            d.variants.iter_mut().for_each(|v| v.option_values.push("x".into()));
        });
        assert_eq!(twice, one("options.1", Code::Duplicate));
    }

    #[test]
    fn an_image_is_a_web_address() {
        for url in ["", "/a.jpg", "javascript:alert(1)", "https://", "https:///a", "http://a b"] {
            let image = Image { url: url.into(), alt: None };
            let wrong = wrong(|d| d.images = vec![image]);
            assert_eq!(wrong, one("images.0.url", Code::Invalid), "{url:?}");
        }
    }

    #[test]
    fn ten_thousand_variants_are_refused_with_one_error() {
        let many = wrong(|d| d.variants = vec![variant("S"); 10_000]);
        assert_eq!(many, one("variants", Code::TooMany));
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let wrong = wrong(|d| {
            d.title.clear();
            d.handle = Some("ok".into());
            d.variants[0].price = "?".into();
        });
        assert_eq!(wrong.len(), 2);
    }
}
