//! A store that is tested.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use czo_core::{IdGenerator, ManualClock, ShopId, SystemIds};
use czo_repo::Database;
use czo_testkit::TestDatabase;

use crate::{ProductDraft, Tags, VariantDraft, WriteProducts, create_tables};

/// What a store is made of.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Where the tables are.
    pub database: Database,
    /// Whose products the store has.
    pub shop: ShopId,
    /// Stamps rows.
    pub clock: Arc<ManualClock>,
    /// Signs cursors.
    pub cursor_key: Vec<u8>,
}

/// What an error of a store means, in words that all stores share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such product.
    NotFound,
    /// The product is deleted.
    Deleted,
    /// The product has changed since it was read.
    Conflict {
        /// The version the caller knew.
        expected: i32,
        /// The version it has.
        actual: i32,
    },
    /// The value of this column belongs to another.
    Taken(String),
    /// This argument is no cursor of the list.
    Cursor(&'static str),
    /// This argument is no size of a page.
    Size(&'static str),
    /// Both ends of a list at once.
    BothEnds,
    /// Something else.
    Other,
}

/// A store that is tested, on a database of its own.
pub struct Subject<'a, S: WriteProducts> {
    /// The database.
    pub database: &'a TestDatabase,
    /// The clock of every store.
    pub clock: Arc<ManualClock>,
    open: fn(Opening) -> S,
    failure: fn(S::Error) -> Failure,
}

impl<S: WriteProducts> std::fmt::Debug for Subject<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("database", &self.database).finish_non_exhaustive()
    }
}

impl<'a, S: WriteProducts> Subject<'a, S> {
    /// A store to be tested, with empty tables.
    ///
    /// # Panics
    ///
    /// If the tables can't be made.
    pub async fn new(
        database: &'a TestDatabase,
        open: fn(Opening) -> S,
        failure: fn(S::Error) -> Failure,
    ) -> Self {
        create_tables(database).await.expect("the tables of the test");
        let start = DateTime::<Utc>::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
        Self { database, clock: Arc::new(ManualClock::at(start)), open, failure }
    }

    /// The store of a new shop.
    pub fn store(&self) -> S {
        self.of_shop(new_shop(), b"key of the test")
    }

    /// The store of a shop.
    pub fn of_shop(&self, shop: ShopId, cursor_key: &[u8]) -> S {
        (self.open)(Opening {
            database: self.database.database(),
            shop,
            clock: self.clock.clone(),
            cursor_key: cursor_key.to_vec(),
        })
    }

    /// A second goes by.
    pub fn tick(&self) {
        self.clock.advance(std::time::Duration::from_secs(1));
    }

    /// What a call that must fail says.
    ///
    /// # Panics
    ///
    /// If it did not fail.
    pub fn failure<T: std::fmt::Debug>(&self, outcome: Result<T, S::Error>) -> Failure {
        (self.failure)(outcome.expect_err("a refusal"))
    }
}

/// A shop that no other test has.
pub(crate) fn new_shop() -> ShopId {
    ShopId::from(SystemIds.uuid_v7())
}

/// A product called `name`, with variants of these SKUs; a dash is none.
pub(crate) fn draft(name: &str, skus: &[&str]) -> ProductDraft {
    let variant = |sku: &&str| VariantDraft {
        id: None,
        sku: (*sku != "-").then(|| (*sku).to_owned()),
        price_minor: 100,
    };
    ProductDraft {
        handle: name.to_owned(),
        title: name.to_owned(),
        tags: Tags(vec!["all".to_owned(), format!("only {name}")]),
        variants: skus.iter().map(variant).collect(),
        ..ProductDraft::default()
    }
}
