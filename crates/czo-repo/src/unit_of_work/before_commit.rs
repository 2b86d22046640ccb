//! What a unit of work collects, and writes once right before it is committed.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use super::{UnitOfWork, lock};
use crate::DatabaseError;

/// Writes what a unit of work collected for it, in one go, right before the commit.
///
/// Hand items in with [`UnitOfWork::before_commit`]. What is written belongs to the transaction:
/// it is there if all the rest is, and else it is not.
#[async_trait]
pub trait BeforeCommit: Send + Sync + 'static {
    /// What is collected.
    type Item: Send + 'static;

    /// Writes `items`, in the order they were handed in. It runs at least one statement on `tx`
    /// and hands on how that failed: by this the unit notices that it was broken before. It may
    /// run again, with the same items collected anew, when the transaction is tried again.
    ///
    /// # Errors
    ///
    /// Whatever keeps the items from being written; the transaction is rolled back then.
    async fn flush(
        self: Arc<Self>,
        tx: &UnitOfWork,
        items: Vec<Self::Item>,
    ) -> Result<(), DatabaseError>;
}

/// All that one unit of work has collected, in the order of the first item of each.
#[derive(Default)]
pub(super) struct Collected(Vec<Box<dyn Collection>>);

type Flushing<'a> = Pin<Box<dyn Future<Output = Result<(), DatabaseError>> + Send + 'a>>;

/// The items for one [`BeforeCommit`].
trait Collection: Send {
    fn flush<'a>(self: Box<Self>, tx: &'a UnitOfWork) -> Flushing<'a>;

    fn move_to(self: Box<Self>, outer: &mut Collected);

    fn as_any(&mut self) -> &mut dyn Any;
}

struct Items<S: BeforeCommit> {
    step: Arc<S>,
    items: Vec<S::Item>,
}

impl<S: BeforeCommit> Collection for Items<S> {
    fn flush<'a>(self: Box<Self>, tx: &'a UnitOfWork) -> Flushing<'a> {
        Box::pin(async move { self.step.flush(tx, self.items).await })
    }

    fn move_to(self: Box<Self>, outer: &mut Collected) {
        outer.items_of(&self.step).extend(self.items);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Collected {
    fn items_of<S: BeforeCommit>(&mut self, step: &Arc<S>) -> &mut Vec<S::Item> {
        let known = self.0.iter_mut().position(|collection| {
            let items = collection.as_any().downcast_ref::<Items<S>>();
            items.is_some_and(|items| Arc::ptr_eq(&items.step, step))
        });
        let place = known.unwrap_or_else(|| {
            self.0.push(Box::new(Items { step: step.clone(), items: Vec::new() }));
            self.0.len() - 1
        });
        let items = self.0[place].as_any().downcast_mut::<Items<S>>();
        &mut items.expect("what is there was found by this type or made with it").items
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands everything to the unit that this one is a savepoint in.
    pub(super) fn move_to(self, outer: &mut Self) {
        self.0.into_iter().for_each(|collection| collection.move_to(outer));
    }

    pub(super) async fn flush(self, tx: &UnitOfWork) -> Result<(), DatabaseError> {
        for collection in self.0 {
            collection.flush(tx).await?;
        }
        Ok(())
    }
}

impl UnitOfWork {
    /// Has `step` write `item` right before the commit, together with all others that are handed
    /// in for the same step; never when the transaction, or the savepoint this was called in, is
    /// rolled back.
    pub fn before_commit<S: BeforeCommit>(&self, step: &Arc<S>, item: S::Item) {
        lock(&self.collected).items_of(step).push(item);
    }
}
