//! Reading rows by their ids.

use std::collections::HashMap;
use std::sync::Arc;

use czo_cache::{Cached, Loaded};
use sea_orm::ModelTrait;

use super::CachedRepository;
use crate::connection::{Connection, Within};
use crate::repository::version_of;
use crate::{CanRead, Database, Loader, Ready, RepoError, Resource};

type Row<E> = Arc<<E as sea_orm::EntityTrait>::Model>;

impl<E: Resource<Model: Cached>, A: CanRead + 'static> CachedRepository<E, Ready, A> {
    /// The row of this id, if it is in the scope.
    ///
    /// # Errors
    ///
    /// When the database fails, [`RepoError::Load`] for one that others wait for too.
    pub async fn find_by_id(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<Option<Row<E>>, RepoError> {
        let Within::Database(database) = db.within() else {
            return self.find_past(db, id).await;
        };
        let entries = &*self.entries;
        let load = {
            let (repository, database, id) =
                (self.repository.clone(), database.primary(), id.clone());
            async move || {
                Ok::<_, RepoError>(loaded::<E>(repository.find_by_id(&database, id).await?))
            }
        };
        let key = entries.key(&id);
        match entries.cache.get_or_load(&key, &entries.row_options, load).await? {
            Some(row) if !self.is(&row, &id) => {
                entries.cache.delete(&key).await;
                self.find_past(db, id).await
            }
            found => Ok(found),
        }
    }

    /// The row of this id.
    ///
    /// # Errors
    ///
    /// [`RepoError::NotFound`] where it is not in the scope, [`RepoError::Deleted`] where it was:
    /// by what the database says then. And as [`find_by_id`](Self::find_by_id).
    pub async fn get(&self, db: &impl Connection, id: E::Id) -> Result<Row<E>, RepoError> {
        match self.find_by_id(db, id.clone()).await? {
            Some(row) => Ok(row),
            None => Ok(Arc::new(self.repository.get(db, id).await?)),
        }
    }

    /// The rows of these ids, in their order; `None` where there is none in the scope. Those that
    /// the cache does not have are read together: with one statement for up to 8,192 of them.
    ///
    /// # Errors
    ///
    /// As [`find_by_id`](Self::find_by_id).
    pub async fn find_by_ids(
        &self,
        db: &impl Connection,
        ids: &[E::Id],
    ) -> Result<Vec<Option<Row<E>>>, RepoError> {
        let Within::Database(database) = db.within() else {
            return self.find_all_past(db, ids).await;
        };
        let entries = &*self.entries;
        let keys: Vec<_> = ids.iter().map(|id| entries.key(id)).collect();
        let load = {
            let ids: HashMap<_, _> = keys.iter().cloned().zip(ids.iter().cloned()).collect();
            let (repository, database) = (self.repository.clone(), database.primary());
            move |keys: Vec<String>| {
                // It is asked for nothing else.
                let ids: Vec<_> = keys.iter().filter_map(|key| ids.get(key).cloned()).collect();
                let (repository, database) = (repository.clone(), database.clone());
                async move {
                    let rows = repository.find_by_ids(&database, &ids).await?;
                    Ok::<_, RepoError>(rows.into_iter().map(loaded::<E>).collect())
                }
            }
        };
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let rows = entries.cache.get_or_load_many(&keys, &entries.row_options, load).await?;
        let is_right = |(row, id): (&Option<Row<E>>, &E::Id)| match row {
            Some(row) => self.is(row, id),
            None => true,
        };
        if rows.iter().zip(ids).all(is_right) {
            return Ok(rows);
        }
        entries.cache.delete_many(&keys).await;
        self.find_all_past(db, ids).await
    }

    /// Looks rows up by id, many at once, of which the cache answers what it can.
    #[must_use]
    pub fn loader(&self, database: &Database) -> Loader<E::Id, Row<E>> {
        let (rows, database) = (self.clone(), database.clone());
        Loader::new(move |ids: Vec<E::Id>| {
            let (rows, database) = (rows.clone(), database.clone());
            async move {
                let found = rows.find_by_ids(&database, &ids).await?;
                Ok(ids.into_iter().zip(found).filter_map(|(id, row)| Some((id, row?))).collect())
            }
        })
    }

    async fn find_past(
        &self,
        db: &impl Connection,
        id: E::Id,
    ) -> Result<Option<Row<E>>, RepoError> {
        Ok(self.repository.find_by_id(db, id).await?.map(Arc::new))
    }

    async fn find_all_past(
        &self,
        db: &impl Connection,
        ids: &[E::Id],
    ) -> Result<Vec<Option<Row<E>>>, RepoError> {
        let rows = self.repository.find_by_ids(db, ids).await?;
        Ok(rows.into_iter().map(|row| row.map(Arc::new)).collect())
    }

    /// Whether it is the row that was asked for. A cache may be written by others, and no shop is
    /// shown what belongs to another.
    fn is(&self, row: &E::Model, id: &E::Id) -> bool {
        let is_of_shop = match (E::SHOP_ID, &self.entries.shop) {
            (Some(column), Some(shop)) => row.get(column) == *shop,
            _ => true,
        };
        is_of_shop && E::id(row) == *id
    }
}

/// What the cache is to know of a row.
pub(super) fn loaded<E: Resource>(row: Option<E::Model>) -> Loaded<E::Model> {
    let version = row.as_ref().and_then(version_of::<E>);
    let loaded = Loaded::of(row);
    match version {
        Some(version) => loaded.version(version.into()),
        None => loaded,
    }
}
