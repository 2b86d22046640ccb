//! What a shop says about a product, checked.

use chrono::{DateTime, Utc};
use czo_core::{Money, ShopId};

use super::{Handle, Image, Product, ProductOption, ProductStatus, Variant};
use crate::{ProductId, VariantId};

/// What a shop says about a product, checked: everything but ids, version and times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProductContent {
    pub(crate) handle: Handle,
    pub(crate) title: String,
    pub(crate) description_html: String,
    pub(crate) vendor: String,
    pub(crate) product_type: String,
    pub(crate) status: ProductStatus,
    pub(crate) tags: Vec<String>,
    pub(crate) option_names: Vec<String>,
    pub(crate) images: Vec<Image>,
    pub(crate) variants: Vec<VariantContent>,
}

/// What a shop says about a variant, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariantContent {
    pub(crate) option_values: Vec<String>,
    pub(crate) sku: Option<String>,
    pub(crate) barcode: Option<String>,
    pub(crate) price: Money,
    pub(crate) compare_at_price: Option<Money>,
    pub(crate) inventory_quantity: i32,
}

/// What the catalogue adds to what the shop says.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) id: ProductId,
    pub(crate) shop_id: ShopId,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) variants: Vec<Variant>,
}

impl ProductContent {
    /// The product of this content.
    pub(crate) fn into_product(self, stamp: Stamp) -> Product {
        Product {
            id: stamp.id,
            shop_id: stamp.shop_id,
            handle: self.handle,
            title: self.title,
            description_html: self.description_html,
            vendor: self.vendor,
            product_type: self.product_type,
            status: self.status,
            tags: self.tags,
            options: ProductOption::of_variants(self.option_names, &stamp.variants),
            images: self.images,
            variants: stamp.variants,
            version: stamp.version,
            created_at: stamp.created_at,
            updated_at: stamp.updated_at,
        }
    }

    /// The names of the fields in which `self` differs from `before`.
    pub(crate) fn changed_since(&self, before: &Self) -> Vec<String> {
        let changes = [
            ("handle", self.handle != before.handle),
            ("title", self.title != before.title),
            ("descriptionHtml", self.description_html != before.description_html),
            ("vendor", self.vendor != before.vendor),
            ("productType", self.product_type != before.product_type),
            ("status", self.status != before.status),
            ("tags", self.tags != before.tags),
            ("options", self.option_names != before.option_names),
            ("images", self.images != before.images),
            ("variants", self.variants != before.variants),
        ];
        changes
            .into_iter()
            .filter(|(_, changed)| *changed)
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

impl VariantContent {
    /// The variant of this content.
    pub(crate) fn into_variant(self, id: VariantId) -> Variant {
        Variant {
            id,
            option_values: self.option_values,
            sku: self.sku,
            barcode: self.barcode,
            price: self.price,
            compare_at_price: self.compare_at_price,
            inventory_quantity: self.inventory_quantity,
        }
    }
}

impl From<&Product> for ProductContent {
    fn from(product: &Product) -> Self {
        Self {
            handle: product.handle.clone(),
            title: product.title.clone(),
            description_html: product.description_html.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            status: product.status,
            tags: product.tags.clone(),
            option_names: product.options.iter().map(|option| option.name.clone()).collect(),
            images: product.images.clone(),
            variants: product.variants.iter().map(VariantContent::from).collect(),
        }
    }
}

impl From<&Variant> for VariantContent {
    fn from(variant: &Variant) -> Self {
        Self {
            option_values: variant.option_values.clone(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone(),
            price: variant.price,
            compare_at_price: variant.compare_at_price,
            inventory_quantity: variant.inventory_quantity,
        }
    }
}

impl ProductOption {
    /// The options of these names with the values that `variants` have.
    pub(crate) fn of_variants(names: Vec<String>, variants: &[Variant]) -> Vec<Self> {
        names
            .into_iter()
            .enumerate()
            .map(|(place, name)| {
                let mut values: Vec<String> = Vec::new();
                for value in variants.iter().filter_map(|variant| variant.option_values.get(place))
                {
                    if !values.contains(value) {
                        values.push(value.clone());
                    }
                }
                Self { name, values }
            })
            .collect()
    }
}
