//! Products, read through a cache.

mod kept;
mod list;
mod read;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use czo_cache::{Cache, EntryOptions};
use czo_core::ShopId;
use czo_repo::{Database, UnitOfWork};
use futures_util::future::join3;

use crate::ProductId;
use crate::product::Handle;

/// How long an entry is good that nobody forgets: no longer than a shop bears to see what somebody has
/// changed by other means than this.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// How long it is known that a product is not there: no longer, since anybody can think of any number
/// of handles.
const ABSENT: Duration = Duration::from_secs(5);

/// Products, read through a cache. Kept are
///
/// - by its id a product with its variants, as it was at one moment;
/// - by its handle its id, since a handle may move to another product;
/// - the ids of a page, and how many products match: they are forgotten by any write to the shop.
///
/// That an id or a handle is not there is kept too. Entries know of no caller: who may see what is
/// decided above, so that one entry serves everybody. Loads read the primary: what a replica that
/// lags behind shows would be kept. With a cache that is off, reads are what they are without one.
#[derive(Clone, Debug)]
pub(crate) struct CachedProducts {
    database: Database,
    primary: Database,
    products: Cache,
    handles: Cache,
    lists: Cache,
    options: EntryOptions,
}

impl CachedProducts {
    pub(crate) fn new(cache: &Cache, database: &Database) -> Self {
        let within = |cache: &Cache, name| {
            cache.namespace(name).expect("a namespace may be named with letters")
        };
        let catalog = within(cache, "catalog");
        // Nothing is served past its time, neither while it is loaded again nor when the database
        // fails: a price of yesterday is worse for a shop than an error that it can see.
        let options = EntryOptions::ttl(FRESH).absent_for(ABSENT);
        Self {
            database: database.clone(),
            primary: database.primary(),
            products: within(&catalog, "products"),
            handles: within(&catalog, "handles"),
            lists: within(&catalog, "lists"),
            options,
        }
    }

    fn is_off(&self) -> bool {
        self.products.is_off()
    }

    /// Forgets what a write made wrong: all below this version of the product, which handles it has
    /// or had, and the lists of the shop. Once `tx` is committed, before those who wait for that go
    /// on, and also when they have gone.
    pub(super) fn forget_after(
        self: &Arc<Self>,
        tx: &UnitOfWork,
        shop: ShopId,
        (id, version): (ProductId, i32),
        handles: &[&Handle],
    ) {
        if self.is_off() {
            return;
        }
        let handles: Vec<_> = handles.iter().map(ToString::to_string).collect();
        let cached = self.clone();
        tx.unless_rolled_back(async move {
            cached.forget(shop, id, Some(version), &handles).await;
        });
    }

    /// Forgets of a product all below a version, or all where none is named, these handles, and the
    /// lists of its shop. To do so again costs loads and nothing else.
    pub(crate) async fn forget(
        &self,
        shop: ShopId,
        id: ProductId,
        version: Option<i32>,
        handles: &[String],
    ) {
        if self.is_off() {
            return;
        }
        let (product, lists) = (key(shop, &id), lists_of(shop));
        let handles: Vec<_> = handles.iter().map(|handle| key(shop, handle)).collect();
        let handles: Vec<_> = handles.iter().map(String::as_str).collect();
        let forget_product = async {
            match version {
                Some(version) => self.products.invalidate_below(&product, version.into()).await,
                None => self.products.delete(&product).await,
            }
        };
        join3(
            forget_product,
            self.handles.delete_many(&handles),
            self.lists.invalidate_tag(&lists),
        )
        .await;
    }
}

/// What is kept of a shop under a name.
fn key(shop: ShopId, name: &impl Display) -> String {
    format!("{shop}/{name}")
}

/// The tag of the lists of a shop.
fn lists_of(shop: ShopId) -> String {
    format!("catalog/{shop}/lists")
}
