//! Small pictures of the images of products.

mod job;
mod scale;

use std::collections::HashMap;
use std::sync::Arc;

use czo_core::{JobError, NewJob, Priority, RequestContext, ShopId};
use czo_domain::DomainContext;
use czo_repo::UnitOfWork;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub(crate) use job::FetchThumbnail;

use crate::store::{self, NewThumbnail, ThumbnailState};
use crate::{CatalogError, Image, Products, ThumbnailId};

/// How many images are decoded at once.
const DECODERS: usize = 2;

/// Small pictures of the images of products: JPEGs of at most 320 pixels on the longest side. Cheap
/// to clone.
///
/// When a product is written with an image whose URL is new to the shop, the job
/// `catalog.fetch_thumbnail` is a part of that write. It fetches the image; what may pass is tried
/// again for half an hour, everything else fails at once with the reason: nothing there, no JPEG,
/// PNG, WebP or GIF, more than 10 MiB or 32 million pixels, an address that is not on the public
/// internet. A thumbnail that fails fails no write of a product.
///
/// **Limits.** A thumbnail is made once for each URL of a shop: what is put there later does not
/// show, and it stays when the product goes. It is shown to everybody who knows its id.
#[derive(Clone, Debug)]
pub struct Thumbnails {
    context: Arc<DomainContext>,
    decoders: Arc<Semaphore>,
}

/// A thumbnail that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thumbnail {
    /// Its id. What it shows never changes.
    pub id: ThumbnailId,
    /// What kind of picture it is.
    pub content_type: String,
    /// The picture.
    pub content: Vec<u8>,
}

/// How many thumbnails of a shop are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ThumbnailCounts {
    /// Those whose image is still to be fetched.
    pub waiting: u64,
    /// Those that are there.
    pub done: u64,
    /// Those that there will not be.
    pub failed: u64,
}

impl Thumbnails {
    /// The thumbnails of these products.
    #[must_use]
    pub fn new(products: &Products) -> Self {
        let context = Arc::new(products.context().clone());
        Self { context, decoders: Arc::new(Semaphore::new(DECODERS)) }
    }

    /// The thumbnail of this id, once it is there, for everybody.
    ///
    /// # Errors
    ///
    /// [`CatalogError::ThumbnailNotFound`], and when the database fails.
    pub async fn find(&self, id: ThumbnailId) -> Result<Thumbnail, CatalogError> {
        let row = store::find_thumbnail(&self.context.database, id).await?;
        match row.map(|row| (row.content_type, row.content)) {
            Some((Some(content_type), Some(content))) => {
                Ok(Thumbnail { id, content_type, content })
            }
            _ => Err(CatalogError::ThumbnailNotFound { id }),
        }
    }
}

impl Products {
    /// How many thumbnails the shop has, still waits for and will not have. Needs
    /// [`PRODUCT_WRITE`](crate::PRODUCT_WRITE).
    ///
    /// # Errors
    ///
    /// [`CatalogError::Permission`], and when the database fails.
    pub async fn count_thumbnails(
        &self,
        ctx: &RequestContext,
    ) -> Result<ThumbnailCounts, CatalogError> {
        self.require_write(ctx).await?;
        let counts = store::count_thumbnails(&self.context().database, ctx.shop()?).await?;
        let of = |state| counts.get(&state).copied().unwrap_or_default();
        Ok(ThumbnailCounts {
            waiting: of(ThumbnailState::Waiting),
            done: of(ThumbnailState::Done),
            failed: of(ThumbnailState::Failed),
        })
    }

    /// The thumbnails of the images at these URLs, in their order; none where it is not there.
    pub(crate) async fn thumbnails_of(
        &self,
        ctx: &RequestContext,
        urls: &[String],
    ) -> Result<Vec<Option<ThumbnailId>>, CatalogError> {
        let hashes: Vec<_> = urls.iter().map(|url| hash(url)).collect();
        let found = store::thumbnails_of(&self.context().database, ctx.shop()?, &hashes).await?;
        Ok(hashes.iter().map(|hash| found.get(hash).copied()).collect())
    }

    /// Has those of these images fetched that the shop has no thumbnail of, once `tx` is committed.
    pub(crate) async fn stage_thumbnails(
        &self,
        ctx: &RequestContext,
        tx: &UnitOfWork,
        shop: ShopId,
        images: &[Image],
    ) -> Result<(), CatalogError> {
        let context = self.context();
        let new = images.iter().map(|image| NewThumbnail {
            id: ThumbnailId::generate(&*context.ids),
            url_hash: hash(&image.url),
            url: image.url.clone(),
            failure: context.fetcher.check(&image.url).err().map(|error| error.to_string()),
        });
        let new: Vec<_> = new.collect();
        let refused: HashMap<_, _> =
            new.iter().filter_map(|new| Some((new.id, new.failure.clone()?))).collect();
        let added = store::add_thumbnails(tx, shop, new, context.database.now()).await?;
        for thumbnail in added {
            match refused.get(&thumbnail) {
                // Without the URL, which may have a password in it.
                Some(reason) => {
                    tracing::debug!(%thumbnail, reason, "an image will have no thumbnail");
                }
                None => context.jobs.stage(tx, fetch(ctx, thumbnail)?)?,
            }
        }
        Ok(())
    }
}

/// Behind what people wait for.
fn fetch(ctx: &RequestContext, thumbnail: ThumbnailId) -> Result<NewJob, JobError> {
    let job = NewJob::of(&FetchThumbnail { thumbnail })?;
    Ok(job.priority(Priority::Low).unique(thumbnail.to_string()).by(ctx))
}

/// What a URL is known by.
fn hash(url: &str) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(url) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
