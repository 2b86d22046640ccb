//! Imports that are done later, by a job.

mod forget;
mod job;
mod status;
mod upload;

use std::io;

use bytes::Bytes;
use czo_core::{Enqueued, JobQueue, NewJob, RequestContext};
use czo_repo::UnitOfWork;
use futures_util::Stream;

pub(crate) use forget::ForgetImports;
pub(crate) use job::ImportProducts;
pub use status::{Import, ImportState};

use crate::{CatalogError, ImportId, Products, store};

/// Imports that are done later. Cheap to clone.
///
/// The file is stored in the database until it is imported, so any process that runs jobs does it,
/// and goes on with it when one dies. Then it runs from the start again; what is imported already
/// is as the file says, and counts as skipped in the report.
///
/// An import is forgotten after a week.
#[derive(Clone, Debug)]
pub struct Imports {
    products: Products,
}

impl Imports {
    /// The imports of these products.
    #[must_use]
    pub fn new(products: Products) -> Self {
        Self { products }
    }

    /// Takes a file in the Shopify product CSV format, to be imported by the job
    /// `catalog.import_products` on behalf of whoever asks; [`Products::import`] says what becomes
    /// of it. Memory is bounded, whatever the file.
    ///
    /// **Cancellation.** When the future is dropped nothing is imported; what was stored by then is
    /// deleted within two days.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Permission`], [`CatalogError::File`] when the upload fails or is empty, and
    /// when the database fails. Nothing is imported then.
    pub async fn accept(
        &self,
        ctx: &RequestContext,
        upload: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Import, CatalogError> {
        self.require_write(ctx).await?;
        let context = self.products.context();
        let import = store::begin_import(&context.database, ctx.shop()?).await?;
        let stored = match upload::store(&context.database, import, upload).await {
            Ok(size) => self.hand_over(ctx, import, size).await,
            Err(error) => Err(error),
        };
        if stored.is_err()
            && let Err(error) = store::delete_import(&context.database, import).await
        {
            tracing::warn!(%error, %import, "a part of an upload is left");
        }
        stored
    }

    /// Refuses whoever may not write products, and so neither hand in imports nor see them.
    pub(crate) async fn require_write(&self, ctx: &RequestContext) -> Result<(), CatalogError> {
        self.products.require_write(ctx).await
    }

    /// The job, and that the import waits for it: both or neither.
    async fn hand_over(
        &self,
        ctx: &RequestContext,
        import: ImportId,
        size: upload::Size,
    ) -> Result<Import, CatalogError> {
        let context = self.products.context();
        let job = NewJob::of(&ImportProducts { import })?.by(ctx);
        let row = context.database.transaction(async |tx: &UnitOfWork| {
            let enqueued = context.jobs.enqueue_in(tx, vec![job.clone()]).await?;
            let job = enqueued.first().map(|Enqueued { id, .. }| *id);
            let job = job.expect("as many are enqueued as were handed in");
            store::hand_over_import(tx, import, job, size.bytes, size.chunks).await
        });
        Ok(Import { state: ImportState::Waiting, reason: None, ..Import::of(&row.await?, None)? })
    }

    /// An import of the shop: where it stands, and its report once it is done. Needs
    /// [`PRODUCT_WRITE`](crate::PRODUCT_WRITE).
    ///
    /// # Errors
    ///
    /// [`CatalogError::Permission`], [`CatalogError::ImportNotFound`], and when the database or the
    /// queue of jobs fails.
    pub async fn find(&self, ctx: &RequestContext, id: ImportId) -> Result<Import, CatalogError> {
        self.require_write(ctx).await?;
        let context = self.products.context();
        // The answer to an upload may be read back at once.
        let row = store::find_import(&context.database.primary(), ctx.shop()?, id).await?;
        let row = row.ok_or(CatalogError::ImportNotFound { id })?;
        let thumbnails = self.products.count_thumbnails(ctx).await?;
        let job = match row.job_id {
            Some(job) if row.finished_at.is_none() => context.jobs.get(job).await?,
            _ => None,
        };
        if job.as_ref().is_some_and(|job| job.state.is_finished()) {
            // It may have ended between the two looks: the row is written first.
            let again = store::find_import(&context.database.primary(), ctx.shop()?, id).await?;
            let import = Import::of(&again.unwrap_or(row), job)?;
            return Ok(Import { shop_thumbnails: Some(thumbnails), ..import });
        }
        Ok(Import { shop_thumbnails: Some(thumbnails), ..Import::of(&row, job)? })
    }
}
