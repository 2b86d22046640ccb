//! The types of the schema.

use async_graphql::{Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use czo_graphql::MoneyValue;

use crate::product as domain;

/// Whether visitors of the shop see a product.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::ProductStatus")]
pub(crate) enum ProductStatus {
    /// Not yet: somebody is still writing it.
    Draft,
    /// Yes.
    Active,
    /// No longer.
    Archived,
}

#[derive(Clone)]
pub(crate) struct Product {
    inner: domain::Product,
}

/// What a buyer chooses: `Size`, with the values `S`, `M`, `L`.
#[derive(SimpleObject, Clone)]
pub(crate) struct ProductOption {
    /// Its name.
    name: String,
    /// The values that the product's variants have, in order of appearance.
    values: Vec<String>,
}

/// A picture of a product.
#[derive(SimpleObject, Clone)]
pub(crate) struct Image {
    /// Where it is.
    url: String,
    /// What it shows, for those who don't see it.
    alt: Option<String>,
}

/// The lowest and the highest price of a product's variants.
#[derive(SimpleObject, Clone)]
pub(crate) struct PriceRange {
    /// The lowest.
    min: MoneyValue,
    /// The highest.
    max: MoneyValue,
}

/// Something that can be bought: one combination of a product's options.
#[derive(SimpleObject, Clone)]
pub(crate) struct ProductVariant {
    /// Its id.
    id: ID,
    /// Its value for each option of the product, in their order.
    option_values: Vec<String>,
    /// The shop's own number for it, unique in the shop.
    sku: Option<String>,
    /// EAN, UPC, ISBN, …
    barcode: Option<String>,
    /// What it costs.
    price: MoneyValue,
    /// What it is said to have cost before.
    compare_at_price: Option<MoneyValue>,
    /// How many there are; below zero when more were sold than there were.
    inventory_quantity: i32,
}

impl From<domain::Product> for Product {
    fn from(inner: domain::Product) -> Self {
        Self { inner }
    }
}

impl From<&domain::Variant> for ProductVariant {
    fn from(variant: &domain::Variant) -> Self {
        Self {
            id: variant.id.to_string().into(),
            option_values: variant.option_values.clone(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone(),
            price: variant.price.into(),
            compare_at_price: variant.compare_at_price.map(Into::into),
            inventory_quantity: variant.inventory_quantity,
        }
    }
}

/// Something the shop sells.
#[Object]
impl Product {
    /// Its id.
    async fn id(&self) -> ID {
        self.inner.id.to_string().into()
    }

    /// Its name in URLs, unique in the shop.
    async fn handle(&self) -> &str {
        self.inner.handle.as_str()
    }

    /// Its name for people.
    async fn title(&self) -> &str {
        &self.inner.title
    }

    /// Its description, as the HTML that the shop wrote. It is not sanitized.
    async fn description_html(&self) -> &str {
        &self.inner.description_html
    }

    /// Who makes it.
    async fn vendor(&self) -> &str {
        &self.inner.vendor
    }

    /// What kind of thing it is.
    async fn product_type(&self) -> &str {
        &self.inner.product_type
    }

    /// Whether visitors see it.
    async fn status(&self) -> ProductStatus {
        self.inner.status.into()
    }

    /// Words to find it by.
    async fn tags(&self) -> &[String] {
        &self.inner.tags
    }

    /// What a buyer chooses.
    async fn options(&self) -> Vec<ProductOption> {
        let options = self.inner.options.iter().cloned();
        options
            .map(|domain::ProductOption { name, values }| ProductOption { name, values })
            .collect()
    }

    /// Its pictures, in order.
    async fn images(&self) -> Vec<Image> {
        let images = self.inner.images.iter().cloned();
        images.map(|domain::Image { url, alt }| Image { url, alt }).collect()
    }

    /// What can be bought, in order. At least one.
    #[graphql(complexity = "5 * child_complexity")]
    async fn variants(&self) -> Vec<ProductVariant> {
        self.inner.variants.iter().map(ProductVariant::from).collect()
    }

    /// The lowest and the highest price of its variants.
    async fn price_range(&self) -> Option<PriceRange> {
        let prices = || self.inner.variants.iter().map(|variant| variant.price);
        let min = prices().min_by_key(|price| price.minor_units())?.into();
        let max = prices().max_by_key(|price| price.minor_units())?.into();
        Some(PriceRange { min, max })
    }

    /// Grows by one with every change.
    async fn version(&self) -> i32 {
        self.inner.version
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.inner.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.inner.updated_at
    }
}
