//! Importing products from a Shopify CSV file.

use std::io::Read;

use czo_core::{Classified, ErrorKind, FieldError, RequestContext};
use czo_hooks::HookError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::product::{Image, ProductDraft, ProductStatus, VariantDraft};
use crate::products::PutOutcome;
use crate::shopify_csv::{
    ParsedProduct, ParsedStatus, ProductGroup, ProductReader, RejectedGroup, RowError,
};
use crate::{CatalogError, Products};

/// How many row errors a report keeps; the rest is counted.
const MAX_REPORTED_ERRORS: usize = 1_000;

/// How many products wait between the thread that reads and the task that writes.
const READ_AHEAD: usize = 16;

/// What an import did, or has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// What was not there.
    pub created: Tally,
    /// What was there and differed.
    pub updated: Tally,
    /// What was there and was the same.
    pub skipped: Tally,
    /// What was wrong; nothing of it was imported.
    pub rejected: Tally,
    /// Why, row by row; at most 1,000.
    pub errors: Vec<RejectedRow>,
    /// How many more errors there were.
    pub more_errors: u64,
    /// The columns that hold values and are not imported.
    pub ignored_columns: Vec<String>,
}

/// How many products, and how many rows they had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Products.
    pub products: u64,
    /// Rows of the file.
    pub rows: u64,
}

/// A row that is wrong, and the product that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRow {
    /// The product's handle, if the row names one.
    pub handle: Option<String>,
    /// Where and why.
    #[serde(flatten)]
    pub error: RowError,
}

impl Tally {
    fn add(&mut self, rows: u64) {
        self.products += 1;
        self.rows += rows;
    }
}

impl ImportReport {
    /// How many rows have been read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.created.rows + self.updated.rows + self.skipped.rows + self.rejected.rows
    }

    fn put(&mut self, outcome: PutOutcome, rows: u64) {
        match outcome {
            PutOutcome::Created => self.created.add(rows),
            PutOutcome::Updated => self.updated.add(rows),
            PutOutcome::Unchanged => self.skipped.add(rows),
        }
    }

    fn reject(&mut self, group: RejectedGroup) {
        self.rejected.add(group.row_count);
        self.more_errors += group.more_errors;
        for error in group.errors {
            if self.errors.len() < MAX_REPORTED_ERRORS {
                self.errors.push(RejectedRow { handle: group.handle.clone(), error });
            } else {
                self.more_errors += 1;
            }
        }
    }
}

impl Products {
    /// Imports a file in the Shopify product CSV format; see the
    /// [crate's documentation](crate) for what of it is read.
    ///
    /// Each product of the file, all of its rows, is imported whole or not at all, in a
    /// transaction of its own: one that is wrong is rejected with the reason for each row, and
    /// the others go on. A product of a handle that the shop has is made what the file says;
    /// importing the same file again changes nothing. Memory is bounded, whatever the file.
    ///
    /// `input` is read in a thread of its own. `progress` is called after every product.
    ///
    /// # Errors
    ///
    /// [`CatalogError::File`] when the file as a whole can't be read, and when the database
    /// fails; products imported before that stay.
    pub async fn import<R: Read + Send + 'static>(
        &self,
        ctx: &RequestContext,
        input: R,
        mut progress: impl FnMut(&ImportReport) + Send,
    ) -> Result<ImportReport, CatalogError> {
        let currency = self.currency_to_write(ctx).await?;
        let (groups, mut read) = mpsc::channel(READ_AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            let mut reader = ProductReader::new(input, currency)?;
            for group in &mut reader {
                let group = group.map_err(crate::CsvFileError::Read)?;
                if groups.blocking_send(group).is_err() {
                    // The import was given up; so is reading.
                    break;
                }
            }
            Ok::<_, CatalogError>(reader.ignored_columns().map(str::to_owned).collect())
        });

        let mut report = ImportReport::default();
        while let Some(group) = read.recv().await {
            match group {
                ProductGroup::Rejected(group) => report.reject(group),
                ProductGroup::Product(product) => {
                    self.import_one(ctx, product, &mut report).await?
                }
            }
            progress(&report);
        }
        report.ignored_columns = reading.await.map_err(|error| CatalogError::Corrupt {
            table: "import",
            id: ctx.correlation_id.to_string(),
            what: error.to_string(),
        })??;
        Ok(report)
    }

    async fn import_one(
        &self,
        ctx: &RequestContext,
        product: ParsedProduct,
        report: &mut ImportReport,
    ) -> Result<(), CatalogError> {
        let (line, row_count, handle) = (product.line, product.row_count, product.handle.clone());
        let variant_lines: Vec<u64> = product.variants.iter().map(|variant| variant.line).collect();
        let error = match self.put(ctx, product.into()).await {
            Ok(outcome) => {
                report.put(outcome, row_count);
                return Ok(());
            }
            Err(error) => error,
        };
        let is_about_it = matches!(error, CatalogError::Hook(HookError::Refused { .. }))
            || matches!(
                error.kind(),
                ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::NotFound
            );
        if !is_about_it {
            return Err(error);
        }
        // An error of the third variant belongs to the row of the third variant.
        let row_of = |field: &FieldError| match field.field.as_slice() {
            [list, place, ..] if list == "variants" => {
                place.parse().ok().and_then(|place: usize| variant_lines.get(place)).copied()
            }
            _ => None,
        };
        let errors = match error.field_errors() {
            [] => vec![RowError::of_row(line, error.to_string())],
            fields => fields
                .iter()
                .map(|field| match row_of(field) {
                    Some(line) => RowError::of_row(line, field.message.clone()),
                    None => RowError::of_row(line, field.to_string()),
                })
                .collect(),
        };
        report.reject(RejectedGroup {
            line,
            row_count,
            handle: Some(handle),
            errors,
            more_errors: 0,
        });
        Ok(())
    }
}

impl From<ParsedProduct> for ProductDraft {
    fn from(product: ParsedProduct) -> Self {
        Self {
            handle: Some(product.handle),
            title: product.title,
            description_html: product.description_html,
            vendor: product.vendor,
            product_type: product.product_type,
            status: match product.status {
                ParsedStatus::Draft => ProductStatus::Draft,
                ParsedStatus::Active => ProductStatus::Active,
                ParsedStatus::Archived => ProductStatus::Archived,
            },
            tags: product.tags,
            options: product.options.into_iter().map(|option| option.name).collect(),
            images: product
                .images
                .into_iter()
                .map(|image| Image { url: image.url, alt: image.alt })
                .collect(),
            variants: product
                .variants
                .into_iter()
                .map(|variant| VariantDraft {
                    option_values: variant.option_values,
                    sku: variant.sku,
                    barcode: variant.barcode,
                    price: variant.price.amount(),
                    compare_at_price: variant.compare_at_price.map(czo_core::Money::amount),
                    inventory_quantity: i32::try_from(variant.inventory_quantity)
                        .expect("the reader keeps quantities within i32"),
                })
                .collect(),
        }
    }
}
