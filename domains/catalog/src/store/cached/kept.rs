//! A product as the cache has it.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use czo_core::{Money, ShopId};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use sea_orm::ActiveEnum;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::product::{Image, Product, ProductOption, ProductStatus, Variant};
use crate::{ProductId, VariantId};

/// A product as the cache has it: shared in memory, and elsewhere in a form that is nobody else's,
/// so that a [`Product`] itself has none that others could come to depend on.
#[derive(Clone, Debug)]
pub(super) struct KeptProduct(Arc<Product>);

impl KeptProduct {
    pub(super) fn of(product: Product) -> Self {
        Self(Arc::new(product))
    }

    pub(super) fn product(&self) -> Arc<Product> {
        self.0.clone()
    }

    /// Whether it is what was asked for: a cache may be written by others, and no shop is shown
    /// what belongs to another.
    pub(super) fn is(&self, shop: ShopId, id: ProductId) -> bool {
        (self.0.shop_id, self.0.id) == (shop, id)
    }
}

/// What is written of a product.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Form<'p> {
    id: ProductId,
    shop_id: ShopId,
    handle: Cow<'p, str>,
    title: Cow<'p, str>,
    description_html: Cow<'p, str>,
    vendor: Cow<'p, str>,
    product_type: Cow<'p, str>,
    status: Cow<'p, str>,
    tags: Cow<'p, [String]>,
    options: Vec<OptionForm<'p>>,
    images: Vec<ImageForm<'p>>,
    variants: Vec<VariantForm<'p>>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct OptionForm<'p> {
    name: Cow<'p, str>,
    values: Cow<'p, [String]>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct ImageForm<'p> {
    url: Cow<'p, str>,
    alt: Option<Cow<'p, str>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct VariantForm<'p> {
    id: VariantId,
    option_values: Cow<'p, [String]>,
    sku: Option<Cow<'p, str>>,
    barcode: Option<Cow<'p, str>>,
    price: MoneyForm<'p>,
    compare_at_price: Option<MoneyForm<'p>>,
    inventory_quantity: i32,
}

/// Minor units, and of what.
#[derive(Serialize, Deserialize, JsonSchema)]
struct MoneyForm<'p>(i64, Cow<'p, str>);

impl JsonSchema for KeptProduct {
    fn schema_name() -> Cow<'static, str> {
        "KeptProduct".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Form::json_schema(generator)
    }
}

impl Serialize for KeptProduct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Form::from(&*self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeptProduct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let product = Form::deserialize(deserializer)?.product();
        Ok(Self::of(product.map_err(de::Error::custom)?))
    }
}

impl<'p> From<&'p Product> for Form<'p> {
    fn from(product: &'p Product) -> Self {
        let option = |option: &'p ProductOption| OptionForm {
            name: text(&option.name),
            values: texts(&option.values),
        };
        let image = |image: &'p Image| ImageForm {
            url: text(&image.url),
            alt: image.alt.as_deref().map(text),
        };
        Self {
            id: product.id,
            shop_id: product.shop_id,
            handle: text(product.handle.as_str()),
            title: text(&product.title),
            description_html: text(&product.description_html),
            vendor: text(&product.vendor),
            product_type: text(&product.product_type),
            status: product.status.to_value().into(),
            tags: texts(&product.tags),
            options: product.options.iter().map(option).collect(),
            images: product.images.iter().map(image).collect(),
            variants: product.variants.iter().map(VariantForm::from).collect(),
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

impl<'p> From<&'p Variant> for VariantForm<'p> {
    fn from(variant: &'p Variant) -> Self {
        Self {
            id: variant.id,
            option_values: texts(&variant.option_values),
            sku: variant.sku.as_deref().map(text),
            barcode: variant.barcode.as_deref().map(text),
            price: variant.price.into(),
            compare_at_price: variant.compare_at_price.map(Into::into),
            inventory_quantity: variant.inventory_quantity,
        }
    }
}

impl From<Money> for MoneyForm<'_> {
    fn from(money: Money) -> Self {
        Self(money.minor_units(), text(money.currency().code()))
    }
}

impl Form<'_> {
    /// The product, unless what was written makes none.
    fn product(self) -> Result<Product, String> {
        let status = ProductStatus::try_from_value(&self.status.into_owned());
        let option = |option: OptionForm<'_>| ProductOption {
            name: option.name.into_owned(),
            values: option.values.into_owned(),
        };
        let image = |image: ImageForm<'_>| Image {
            url: image.url.into_owned(),
            alt: image.alt.map(Cow::into_owned),
        };
        Ok(Product {
            id: self.id,
            shop_id: self.shop_id,
            handle: self.handle.parse().map_err(|error| format!("handle: {error}"))?,
            title: self.title.into_owned(),
            description_html: self.description_html.into_owned(),
            vendor: self.vendor.into_owned(),
            product_type: self.product_type.into_owned(),
            status: status.map_err(|error| format!("status: {error}"))?,
            tags: self.tags.into_owned(),
            options: self.options.into_iter().map(option).collect(),
            images: self.images.into_iter().map(image).collect(),
            variants: self
                .variants
                .into_iter()
                .map(VariantForm::variant)
                .collect::<Result<_, _>>()?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl VariantForm<'_> {
    fn variant(self) -> Result<Variant, String> {
        Ok(Variant {
            id: self.id,
            option_values: self.option_values.into_owned(),
            sku: self.sku.map(Cow::into_owned),
            barcode: self.barcode.map(Cow::into_owned),
            price: self.price.money()?,
            compare_at_price: self.compare_at_price.map(MoneyForm::money).transpose()?,
            inventory_quantity: self.inventory_quantity,
        })
    }
}

impl MoneyForm<'_> {
    fn money(self) -> Result<Money, String> {
        let currency = self.1.parse();
        let money = currency.and_then(|currency| Money::from_minor_units(self.0, currency));
        money.map_err(|error| format!("price: {error}"))
    }
}

fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn texts(texts: &[String]) -> Cow<'_, [String]> {
    Cow::Borrowed(texts)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn money() -> impl Strategy<Value = Money> {
        let code = prop_oneof![Just("EUR"), Just("JPY"), Just("KWD")];
        (0..=Money::MAX_MINOR, code).prop_map(|(minor, code)| {
            Money::from_minor_units(minor, code.parse().unwrap()).unwrap()
        })
    }

    fn texts() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(any::<String>(), 0..3)
    }

    fn time() -> impl Strategy<Value = DateTime<Utc>> {
        // As exactly as both databases keep it.
        (0..4_102_444_800_000_000_i64).prop_map(|micros| Utc.timestamp_micros(micros).unwrap())
    }

    fn variant() -> impl Strategy<Value = Variant> {
        let codes = any::<(Option<String>, Option<String>)>();
        (any::<u128>(), texts(), codes, money(), prop::option::of(money()), any::<i32>()).prop_map(
            |(id, option_values, (sku, barcode), price, compare_at_price, inventory_quantity)| {
                let id = VariantId::from(sea_orm::prelude::Uuid::from_u128(id));
                Variant {
                    id,
                    option_values,
                    sku,
                    barcode,
                    price,
                    compare_at_price,
                    inventory_quantity,
                }
            },
        )
    }

    fn product() -> impl Strategy<Value = Product> {
        let status = prop_oneof![
            Just(ProductStatus::Draft),
            Just(ProductStatus::Active),
            Just(ProductStatus::Archived)
        ];
        let option = (any::<String>(), texts());
        let option = option.prop_map(|(name, values)| ProductOption { name, values });
        let image = any::<(String, Option<String>)>().prop_map(|(url, alt)| Image { url, alt });
        let lists = (
            texts(),
            prop::collection::vec(option, 0..3),
            prop::collection::vec(image, 0..3),
            prop::collection::vec(variant(), 0..4),
        );
        let named = (any::<(u128, u128)>(), "[a-zé0-9][a-zé0-9_-]{0,20}", status);
        (named, any::<[String; 4]>(), lists, any::<i32>(), time(), time()).prop_map(
            |((ids, handle, status), words, lists, version, created_at, updated_at)| {
                let [title, description_html, vendor, product_type] = words;
                let (tags, options, images, variants) = lists;
                let uuid = sea_orm::prelude::Uuid::from_u128;
                Product {
                    id: uuid(ids.0).into(),
                    shop_id: uuid(ids.1).into(),
                    handle: handle.parse().unwrap(),
                    title,
                    description_html,
                    vendor,
                    product_type,
                    status,
                    tags,
                    options,
                    images,
                    variants,
                    version,
                    created_at,
                    updated_at,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_product_reads_back_as_it_was_written(product in product()) {
            let written = serde_json::to_vec(&KeptProduct::of(product.clone())).unwrap();
            let read: KeptProduct = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(&*read.0, &product);
        }
    }

    #[test]
    fn what_makes_no_product_is_none() {
        let product = serde_json::json!({
            "id": "prod_01jd3w2kh8f0rb9nq4z7v5m6xt", "shop_id": "shop_01jd3w2kh8f0rb9nq4z7v5m6xt",
            "handle": "shirt", "title": "", "description_html": "", "vendor": "",
            "product_type": "", "status": "active", "tags": [], "options": [], "images": [],
            "variants": [{ "id": "var_01jd3w2kh8f0rb9nq4z7v5m6xt", "option_values": [],
                "sku": null, "barcode": null, "price": [1, "EUR"], "compare_at_price": null,
                "inventory_quantity": 0 }],
            "version": 1, "created_at": "2026-11-21T12:00:00.123456Z",
            "updated_at": "2026-11-21T12:00:00.123456Z",
        });
        let read = |product| serde_json::from_value::<KeptProduct>(product);
        assert!(read(product.clone()).is_ok());
        for (place, wrong) in [
            ("/handle", serde_json::json!("No Handle")),
            ("/status", serde_json::json!("gone")),
            ("/variants/0/price", serde_json::json!([-1, "EUR"])),
            ("/variants/0/price", serde_json::json!([1, "gold"])),
        ] {
            let mut product = product.clone();
            *product.pointer_mut(place).unwrap() = wrong;
            assert!(read(product).is_err(), "{place}");
        }
    }
}
