//! What the entries of a scope are called, and how they are forgotten.

use std::fmt::Display;
use std::sync::Arc;

use czo_cache::{Cache, EntryOptions, NameError};
use czo_core::ShopId;
use futures_util::future;
use sea_orm::sea_query::Value;
use tracing::Instrument;

use crate::{DatabaseError, RepoError, UnitOfWork};

/// The entries of a scope: all rows of a shop, or of a resource whose rows belong to none.
#[derive(Debug)]
pub(super) struct Entries {
    pub(super) cache: Cache,
    pub(super) lists: Cache,
    /// As they were handed in.
    options: EntryOptions,
    pub(super) row_options: EntryOptions,
    pub(super) list_options: EntryOptions,
    pub(super) shop: Option<Value>,
    /// Of every key.
    prefix: String,
    tag: String,
    list_tag: String,
    table: &'static str,
}

/// What a write makes wrong, beside the lists.
#[derive(Clone, Debug)]
pub(super) enum Stale {
    /// The rows of these keys.
    Rows(Vec<String>),
    /// What is below this version of the row of this key.
    Below(String, i64),
    /// Every row.
    All,
}

impl Entries {
    pub(super) fn new(
        cache: &Cache,
        table: &'static str,
        options: &EntryOptions,
    ) -> Result<Self, NameError> {
        let cache = cache.namespace(table)?;
        let lists = cache.namespace("lists")?;
        Ok(Self::of(cache, lists, table, options, None))
    }

    pub(super) fn of_shop(&self, shop: ShopId) -> Self {
        let (cache, lists) = (self.cache.clone(), self.lists.clone());
        Self::of(cache, lists, self.table, &self.options, Some(shop))
    }

    fn of(
        cache: Cache,
        lists: Cache,
        table: &'static str,
        options: &EntryOptions,
        shop: Option<ShopId>,
    ) -> Self {
        let prefix = shop.map(|shop| format!("{shop}/")).unwrap_or_default();
        let tag = format!("{table}/{prefix}").trim_end_matches('/').to_owned();
        let list_tag = format!("{tag}/lists");
        let row_options = options.clone().tag(&tag);
        let list_options = row_options.clone().tag(&list_tag);
        let (shop, options) = (shop.map(Value::from), options.clone());
        Self {
            cache,
            lists,
            options,
            row_options,
            list_options,
            shop,
            prefix,
            tag,
            list_tag,
            table,
        }
    }

    pub(super) fn key(&self, of: &impl Display) -> String {
        format!("{}{of}", self.prefix)
    }

    pub(super) fn of_ids<I: Display>(&self, ids: &[I]) -> Stale {
        Stale::Rows(ids.iter().map(|id| self.key(id)).collect())
    }

    /// Forgets what is stale, and all lists.
    pub(super) async fn forget(&self, stale: Stale) {
        let rows = async {
            match &stale {
                Stale::Rows(keys) => {
                    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                    self.cache.delete_many(&keys).await;
                }
                Stale::Below(key, version) => self.cache.invalidate_below(key, *version).await,
                // The lists have it too.
                Stale::All => self.cache.invalidate_tag(&self.tag).await,
            }
        };
        let lists = async {
            if !matches!(stale, Stale::All) {
                self.cache.invalidate_tag(&self.list_tag).await;
            }
        };
        future::join(rows, lists).await;
    }

    /// Forgets what is stale once a unit of work is committed, and before those who wait for the
    /// commit go on.
    pub(super) fn forget_after(self: &Arc<Self>, tx: &UnitOfWork, stale: Stale) {
        let entries = self.clone();
        tx.unless_rolled_back(async move { entries.forget(stale).await });
    }

    /// Runs a write, and forgets what it made wrong; of one that failed in the database, of which it
    /// is not known what it did, `unknown`. It ends also when its caller has gone.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        unknown: Stale,
        write: impl Future<Output = Result<T, RepoError>> + Send + 'static,
        stale: impl FnOnce(&Self, &T) -> Stale + Send + 'static,
    ) -> Result<T, RepoError> {
        let entries = self.clone();
        let work = async move {
            let written = write.await;
            match &written {
                Ok(written) => entries.forget(stale(&entries, written)).await,
                Err(RepoError::Database(_)) => entries.forget(unknown).await,
                Err(_) => {}
            }
            written
        };
        match tokio::spawn(work.in_current_span()).await {
            Ok(written) => written,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DatabaseError::Interrupted.into()),
            },
        }
    }
}
