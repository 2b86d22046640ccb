//! What mutations take.

use async_graphql::{ID, InputObject};

use super::product::ProductStatus;
use crate::product as domain;

/// A new product.
#[derive(InputObject)]
pub(crate) struct ProductCreateInput {
    /// Its name in URLs; made from the title where absent.
    handle: Option<String>,
    /// Its name for people.
    title: String,
    /// Its description, as HTML.
    #[graphql(default)]
    description_html: String,
    /// Who makes it.
    #[graphql(default)]
    vendor: String,
    /// What kind of thing it is.
    #[graphql(default)]
    product_type: String,
    /// Whether visitors see it.
    #[graphql(default_with = "ProductStatus::Draft")]
    status: ProductStatus,
    /// Words to find it by.
    #[graphql(default)]
    tags: Vec<String>,
    /// The names of what a buyer chooses, at most three.
    #[graphql(default)]
    options: Vec<String>,
    /// Its pictures, in order.
    #[graphql(default)]
    images: Vec<ImageInput>,
    /// What can be bought, in order. At least one; exactly one where there are no options.
    variants: Vec<ProductVariantInput>,
}

/// What is to change of a product; what is absent stays as it is. Lists are replaced whole.
#[derive(InputObject)]
pub(crate) struct ProductUpdateInput {
    /// The product.
    pub(super) id: ID,
    /// Refuses when the product has another version than this, so that no change of somebody
    /// else is overwritten unseen.
    pub(super) expected_version: Option<i32>,
    /// Its name in URLs.
    handle: Option<String>,
    /// Its name for people.
    title: Option<String>,
    /// Its description, as HTML.
    description_html: Option<String>,
    /// Who makes it.
    vendor: Option<String>,
    /// What kind of thing it is.
    product_type: Option<String>,
    /// Whether visitors see it.
    status: Option<ProductStatus>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
    /// The names of what a buyer chooses.
    options: Option<Vec<String>>,
    /// Its pictures, in order.
    images: Option<Vec<ImageInput>>,
    /// What can be bought, in order. A variant with the option values of an existing one is that
    /// one, changed; existing ones that are not listed are deleted.
    variants: Option<Vec<ProductVariantInput>>,
}

/// A picture of a product.
#[derive(InputObject)]
pub(crate) struct ImageInput {
    /// Where it is, `http` or `https`.
    url: String,
    /// What it shows, for those who don't see it.
    alt: Option<String>,
}

/// Something that can be bought.
#[derive(InputObject)]
pub(crate) struct ProductVariantInput {
    /// Its value for each option of the product, in their order.
    #[graphql(default)]
    option_values: Vec<String>,
    /// The shop's own number for it, unique in the shop.
    sku: Option<String>,
    /// EAN, UPC, ISBN, …
    barcode: Option<String>,
    /// What it costs, in major units of the shop's currency: `"19.90"`.
    price: String,
    /// What it is said to have cost before.
    compare_at_price: Option<String>,
    /// How many there are.
    #[graphql(default)]
    inventory_quantity: i32,
}

impl From<ProductCreateInput> for domain::ProductDraft {
    fn from(input: ProductCreateInput) -> Self {
        Self {
            handle: input.handle,
            title: input.title,
            description_html: input.description_html,
            vendor: input.vendor,
            product_type: input.product_type,
            status: input.status.into(),
            tags: input.tags,
            options: input.options,
            images: all(input.images),
            variants: all(input.variants),
        }
    }
}

impl From<ProductUpdateInput> for domain::ProductPatch {
    fn from(input: ProductUpdateInput) -> Self {
        Self {
            handle: input.handle,
            title: input.title,
            description_html: input.description_html,
            vendor: input.vendor,
            product_type: input.product_type,
            status: input.status.map(Into::into),
            tags: input.tags,
            options: input.options,
            images: input.images.map(all),
            variants: input.variants.map(all),
        }
    }
}

fn all<I: Into<D>, D>(inputs: Vec<I>) -> Vec<D> {
    inputs.into_iter().map(Into::into).collect()
}

impl From<ImageInput> for domain::Image {
    fn from(input: ImageInput) -> Self {
        Self { url: input.url, alt: input.alt }
    }
}

impl From<ProductVariantInput> for domain::VariantDraft {
    fn from(input: ProductVariantInput) -> Self {
        Self {
            option_values: input.option_values,
            sku: input.sku,
            barcode: input.barcode,
            price: input.price,
            compare_at_price: input.compare_at_price,
            inventory_quantity: input.inventory_quantity,
        }
    }
}
