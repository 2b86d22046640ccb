//! What a shop says about a product, unchecked.

use serde::{Deserialize, Serialize};

use super::{Image, Product, ProductStatus, Variant};

/// A product as a shop describes it, not yet checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProductDraft {
    /// Its name in URLs; made from the title where absent.
    pub handle: Option<String>,
    /// Its name for people.
    pub title: String,
    /// Its description, as HTML.
    pub description_html: String,
    /// Who makes it.
    pub vendor: String,
    /// What kind of thing it is.
    pub product_type: String,
    /// Whether visitors see it.
    pub status: ProductStatus,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The names of what a buyer chooses.
    pub options: Vec<String>,
    /// Its pictures, in order.
    pub images: Vec<Image>,
    /// What can be bought, in order.
    pub variants: Vec<VariantDraft>,
}

/// A variant as a shop describes it, not yet checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VariantDraft {
    /// Its value for each option, in their order.
    pub option_values: Vec<String>,
    /// The shop's own number for it.
    pub sku: Option<String>,
    /// EAN, UPC, ISBN, …
    pub barcode: Option<String>,
    /// What it costs, in major units of the shop's currency: `19.90`.
    pub price: String,
    /// What it is said to have cost before.
    pub compare_at_price: Option<String>,
    /// How many there are.
    pub inventory_quantity: i32,
}

/// What is to change of a product; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is that of `ProductDraft`")]
pub struct ProductPatch {
    pub handle: Option<String>,
    pub title: Option<String>,
    pub description_html: Option<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub status: Option<ProductStatus>,
    pub tags: Option<Vec<String>>,
    pub options: Option<Vec<String>>,
    pub images: Option<Vec<Image>>,
    pub variants: Option<Vec<VariantDraft>>,
}

impl ProductPatch {
    /// The product as it is to be.
    pub(crate) fn onto(self, product: &Product) -> ProductDraft {
        let now = ProductDraft::from(product);
        ProductDraft {
            handle: self.handle.or(now.handle),
            title: self.title.unwrap_or(now.title),
            description_html: self.description_html.unwrap_or(now.description_html),
            vendor: self.vendor.unwrap_or(now.vendor),
            product_type: self.product_type.unwrap_or(now.product_type),
            status: self.status.unwrap_or(now.status),
            tags: self.tags.unwrap_or(now.tags),
            options: self.options.unwrap_or(now.options),
            images: self.images.unwrap_or(now.images),
            variants: self.variants.unwrap_or(now.variants),
        }
    }
}

/// The patch that leaves nothing as it was.
impl From<ProductDraft> for ProductPatch {
    fn from(draft: ProductDraft) -> Self {
        Self {
            handle: draft.handle,
            title: Some(draft.title),
            description_html: Some(draft.description_html),
            vendor: Some(draft.vendor),
            product_type: Some(draft.product_type),
            status: Some(draft.status),
            tags: Some(draft.tags),
            options: Some(draft.options),
            images: Some(draft.images),
            variants: Some(draft.variants),
        }
    }
}

impl From<&Product> for ProductDraft {
    fn from(product: &Product) -> Self {
        Self {
            handle: Some(product.handle.to_string()),
            title: product.title.clone(),
            description_html: product.description_html.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            status: product.status,
            tags: product.tags.clone(),
            options: product.options.iter().map(|option| option.name.clone()).collect(),
            images: product.images.clone(),
            variants: product.variants.iter().map(VariantDraft::from).collect(),
        }
    }
}

impl From<&Variant> for VariantDraft {
    fn from(variant: &Variant) -> Self {
        Self {
            option_values: variant.option_values.clone(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone(),
            price: variant.price.amount(),
            compare_at_price: variant.compare_at_price.map(czo_core::Money::amount),
            inventory_quantity: variant.inventory_quantity,
        }
    }
}
