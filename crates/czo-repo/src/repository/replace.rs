//! Bringing rows that belong together from what they are to what they are to be.

use std::collections::{HashMap, HashSet};

use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable, ModelTrait, QueryFilter};

use super::create::{id_of, is_fixed};
use super::read::{IDS_PER_STATEMENT, one_of};
use super::{CanRead, CanWrite, Ready, Repository};
use crate::connection::Connection;
use crate::{RepoError, Resource, UnitOfWork};

impl<E: Resource, A: CanRead + CanWrite> Repository<E, Ready, A> {
    /// Brings the rows `existing` to what `wanted` says, such as the lines of an order: rows that
    /// are not wanted are deleted, those that differ are changed, those without a known id are
    /// created, the rest is left alone; what a row does not say stays as it was. Says how many
    /// rows were written.
    ///
    /// Versions of these rows are not checked: check or lock what they belong to first. To a
    /// [`Lifecycle`](crate::Lifecycle), rows that change are created ones, as in an upsert.
    ///
    /// `unique` are columns whose values rows may exchange among each other: they are given up
    /// first, which needs them to be nullable.
    ///
    /// # Errors
    ///
    /// As [`upsert_many`](Self::upsert_many).
    pub async fn replace<R: IntoActiveModel<E::ActiveModel>>(
        &self,
        db: &impl Connection,
        existing: &[E::Model],
        wanted: impl IntoIterator<Item = R> + Send,
        unique: &[E::Column],
    ) -> Result<u64, RepoError> {
        let wanted: Vec<_> = wanted.into_iter().map(IntoActiveModel::into_active_model).collect();
        let tx = db.begin().await?;
        let outcome = self.replace_within(&tx, existing, wanted, unique).await;
        tx.end(outcome).await
    }

    async fn replace_within(
        &self,
        tx: &UnitOfWork,
        existing: &[E::Model],
        wanted: Vec<E::ActiveModel>,
        unique: &[E::Column],
    ) -> Result<u64, RepoError> {
        let known: HashMap<E::Id, &E::Model> =
            existing.iter().map(|row| (E::id(row), row)).collect();
        let kept: HashSet<E::Id> = wanted.iter().filter_map(id_of::<E>).collect();
        let gone: Vec<E::Id> = known.keys().filter(|id| !kept.contains(id)).cloned().collect();
        let mut written = 0;
        for portion in gone.chunks(IDS_PER_STATEMENT) {
            written += self.filter(one_of(E::ID, portion)).delete_many(tx).await?;
        }

        let before = |row: &E::ActiveModel| id_of::<E>(row).and_then(|id| known.get(&id).copied());
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for mut row in wanted {
            match before(&row) {
                None => new.push(row),
                Some(old) if differs::<E>(old, &row) => {
                    complete::<E>(&mut row, old);
                    changed.push(row);
                }
                Some(_) => {}
            }
        }
        for column in unique {
            let gives_up = |row: &&E::ActiveModel| {
                before(row).is_some_and(|old| differs_in::<E>(old, row, *column))
            };
            let ids: Vec<E::Id> = changed.iter().filter(gives_up).filter_map(id_of::<E>).collect();
            for portion in ids.chunks(IDS_PER_STATEMENT) {
                let mut none = E::ActiveModel::default();
                none.set(*column, existing[0].get(*column).as_null());
                let update = E::update_many().set(none).filter(self.scope.condition());
                update.filter(one_of(E::ID, portion)).exec(&**tx).await?;
            }
        }
        written += u64::try_from(new.len() + changed.len()).unwrap_or(u64::MAX);
        self.create_many(tx, new).await?;
        let columns: Vec<_> = E::Column::iter().filter(|column| !is_fixed::<E>(*column)).collect();
        self.upsert_many(tx, &[E::ID], &columns, changed).await?;
        Ok(written)
    }
}

/// Makes a changed row a whole one, of nothing but what a caller gives: what it does not say stays
/// as it was.
fn complete<E: Resource>(row: &mut E::ActiveModel, old: &E::Model) {
    let mut whole = E::ActiveModel::default();
    whole.set(E::ID, old.get(E::ID));
    for column in E::Column::iter().filter(|column| !is_fixed::<E>(*column)) {
        let value = row.get(column).into_value().unwrap_or_else(|| old.get(column));
        whole.set(column, value);
    }
    *row = whole;
}

fn differs<E: Resource>(old: &E::Model, new: &E::ActiveModel) -> bool {
    let mut columns = E::Column::iter().filter(|column| !is_fixed::<E>(*column));
    columns.any(|column| differs_in::<E>(old, new, column))
}

fn differs_in<E: Resource>(old: &E::Model, new: &E::ActiveModel, column: E::Column) -> bool {
    new.get(column).into_value().is_some_and(|value| value != old.get(column))
}
