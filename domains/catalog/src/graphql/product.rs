//! The types of the schema.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use czo_graphql::{MoneyValue, STATEMENT_UNITS, charge, charge_list, charge_text};

use super::entities::{Entities, ThumbnailOf};
use crate::product as domain;

/// What looking for a thumbnail costs beside its field. Many are looked for in one statement, but
/// an image may also stand alone.
const THUMBNAIL_UNITS: usize = STATEMENT_UNITS / 10;

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

/// Cheap to clone: a request may name one product a thousand times.
#[derive(Clone)]
pub(crate) struct Product {
    inner: Arc<domain::Product>,
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
#[graphql(complex)]
pub(crate) struct Image {
    /// Where it is.
    url: String,
    /// What it shows, for those who don't see it.
    alt: Option<String>,
}

#[ComplexObject]
impl Image {
    /// Where a small picture of it is on this server: a JPEG of at most 320 pixels on the longest
    /// side. Null as long as it has not been fetched, and for good when it can't be.
    async fn thumbnail_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        charge(ctx, THUMBNAIL_UNITS)?;
        let image = ThumbnailOf(self.url.clone());
        let found = Entities::loader(ctx)?.load_one(image).await?;
        Ok(found.map(|id| format!("/api/catalog/thumbnails/{id}")))
    }
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

impl From<Arc<domain::Product>> for Product {
    fn from(inner: Arc<domain::Product>) -> Self {
        Self { inner }
    }
}

impl Product {
    /// How many variants it has.
    pub(super) fn variant_count(&self) -> usize {
        self.inner.variants.len()
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
    async fn handle(&self, ctx: &Context<'_>) -> Result<&str> {
        text(ctx, self.inner.handle.as_str())
    }

    /// Its name for people.
    async fn title(&self, ctx: &Context<'_>) -> Result<&str> {
        text(ctx, &self.inner.title)
    }

    /// Its description, as the HTML that the shop wrote. It is not sanitized.
    async fn description_html(&self, ctx: &Context<'_>) -> Result<&str> {
        text(ctx, &self.inner.description_html)
    }

    /// Who makes it.
    async fn vendor(&self, ctx: &Context<'_>) -> Result<&str> {
        text(ctx, &self.inner.vendor)
    }

    /// What kind of thing it is.
    async fn product_type(&self, ctx: &Context<'_>) -> Result<&str> {
        text(ctx, &self.inner.product_type)
    }

    /// Whether visitors see it.
    async fn status(&self) -> ProductStatus {
        self.inner.status.into()
    }

    /// Words to find it by.
    async fn tags(&self, ctx: &Context<'_>) -> Result<&[String]> {
        charge_list(ctx, self.inner.tags.iter().map(String::len))?;
        Ok(&self.inner.tags)
    }

    /// What a buyer chooses.
    async fn options(&self, ctx: &Context<'_>) -> Result<Vec<ProductOption>> {
        let options = self.inner.options.iter();
        let texts = options.flat_map(|option| option.values.iter().chain([&option.name]));
        charge_list(ctx, texts.map(String::len))?;
        let options = self.inner.options.iter().cloned();
        Ok(options
            .map(|domain::ProductOption { name, values }| ProductOption { name, values })
            .collect())
    }

    /// Its pictures, in order.
    async fn images(&self, ctx: &Context<'_>) -> Result<Vec<Image>> {
        let longest =
            |image: &domain::Image| image.url.len().max(image.alt.as_ref().map_or(0, String::len));
        charge_list(ctx, self.inner.images.iter().map(longest))?;
        let images = self.inner.images.iter().cloned();
        Ok(images.map(|domain::Image { url, alt }| Image { url, alt }).collect())
    }

    /// What can be bought, in order. At least one.
    async fn variants(&self, ctx: &Context<'_>) -> Result<Vec<ProductVariant>> {
        let longest = |variant: &domain::Variant| {
            let texts = variant.sku.iter().chain(&variant.barcode).map(String::len);
            // A list of values counts as one text.
            let values = variant.option_values.iter().map(String::len).sum();
            texts.chain([values]).max().unwrap_or(0)
        };
        charge_list(ctx, self.inner.variants.iter().map(longest))?;
        Ok(self.inner.variants.iter().map(ProductVariant::from).collect())
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

fn text<'a>(ctx: &Context<'_>, text: &'a str) -> Result<&'a str> {
    charge_text(ctx, text)?;
    Ok(text)
}
