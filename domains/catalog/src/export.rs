//! Exporting products to a Shopify CSV file.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use czo_core::{PermissionServiceExt, RequestContext};
use czo_repo::PageRequest;
use futures_util::stream::{self, Stream, TryStreamExt};

use crate::product::{Product, ProductStatus};
use crate::products::PRODUCT_READ;
use crate::shopify_csv::{
    ParsedImage, ParsedOption, ParsedProduct, ParsedStatus, ParsedVariant, ProductWriter,
};
use crate::{CatalogError, Products};

impl Products {
    /// All products of the shop, oldest first, in the Shopify product CSV format, a page of 100
    /// at a time. Importing it again changes nothing. Needs [`PRODUCT_READ`].
    ///
    /// Products that change meanwhile are exported as they are when their page is read.
    ///
    /// # Errors
    ///
    /// When the database fails, or a product can't be written in the format; the stream ends
    /// there.
    pub fn export(
        &self,
        ctx: &RequestContext,
    ) -> impl Stream<Item = Result<Bytes, CatalogError>> + Send + use<> {
        let (products, ctx) = (self.clone(), ctx.clone());
        stream::once(async move {
            products.context().permissions.require(&ctx, &PRODUCT_READ).await?;
            let buffer = Buffer::default();
            let writer = ProductWriter::new(buffer.clone())?;
            let start = Export { products, ctx, buffer, writer, newest: None };
            Ok::<_, CatalogError>(stream::try_unfold(Some(start), |export| async {
                match export {
                    Some(export) => export.next_page().await,
                    None => Ok(None),
                }
            }))
        })
        .try_flatten()
    }
}

/// How many products are read at once.
const PAGE: i32 = 100;

/// An export under way.
struct Export {
    products: Products,
    ctx: RequestContext,
    buffer: Buffer,
    writer: ProductWriter<Buffer>,
    /// The cursor of the newest product written so far.
    newest: Option<String>,
}

impl Export {
    async fn next_page(mut self) -> Result<Option<(Bytes, Option<Self>)>, CatalogError> {
        let mut request = PageRequest::last(PAGE)?;
        if let Some(newest) = self.newest.take() {
            request = request.before(newest);
        }
        let page = self.products.page_once(&self.ctx, &request).await?;
        for product in page.nodes.iter().rev() {
            self.writer.write(&product.into())?;
        }
        self.newest = page.page_info.start_cursor;
        if page.page_info.has_previous_page {
            let bytes = self.buffer.take();
            Ok(Some((bytes, Some(self))))
        } else {
            let rest = self.writer.finish()?;
            Ok(Some((rest.take(), None)))
        }
    }
}

/// What has been written and not yet been sent.
#[derive(Clone, Debug, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<&Product> for ParsedProduct {
    fn from(product: &Product) -> Self {
        Self {
            line: 0,
            row_count: 0,
            handle: product.handle.to_string(),
            title: product.title.clone(),
            description_html: product.description_html.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            tags: product.tags.clone(),
            status: match product.status {
                ProductStatus::Draft => ParsedStatus::Draft,
                ProductStatus::Active => ParsedStatus::Active,
                ProductStatus::Archived => ParsedStatus::Archived,
            },
            options: product
                .options
                .iter()
                .cloned()
                .map(|option| ParsedOption { name: option.name, values: option.values })
                .collect(),
            variants: product
                .variants
                .iter()
                .map(|variant| ParsedVariant {
                    line: 0,
                    option_values: variant.option_values.clone(),
                    sku: variant.sku.clone(),
                    barcode: variant.barcode.clone(),
                    price: variant.price,
                    compare_at_price: variant.compare_at_price,
                    inventory_quantity: variant.inventory_quantity.into(),
                })
                .collect(),
            images: product
                .images
                .iter()
                .map(|image| ParsedImage { url: image.url.clone(), alt: image.alt.clone() })
                .collect(),
        }
    }
}
