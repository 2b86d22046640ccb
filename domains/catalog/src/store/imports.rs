//! Imports, and the files they are of.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use czo_core::{JobId, ShopId};
use czo_repo::{AnyVersion, Database, DatabaseError, UnitOfWork};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set};

use super::IMPORTS;
use super::import_chunk_row as chunk;
pub(crate) use super::import_row::Model as ImportRow;
use super::import_row::{ActiveModel, Column, Entity};
use crate::{CatalogError, ImportId};

/// How an import came to its end.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// With this report, as JSON text.
    Done(String),
    /// It can't be done.
    Failed(String),
    /// Somebody cancelled it.
    Cancelled,
}

/// An import whose file is still to come.
pub(crate) async fn begin_import(db: &Database, shop: ShopId) -> Result<ImportId, CatalogError> {
    let row = ActiveModel { bytes: Set(0), chunks: Set(0), ..empty() };
    Ok(IMPORTS.for_shop(shop).create(db, row).await?.id)
}

fn empty() -> ActiveModel {
    ActiveModel {
        job_id: Set(None),
        report: Set(None),
        failure: Set(None),
        finished_at: Set(None),
        ..Default::default()
    }
}

/// Stores a part of an import's file.
pub(crate) async fn add_chunk(
    db: &Database,
    import_id: ImportId,
    position: i32,
    content: Bytes,
) -> Result<(), CatalogError> {
    db.transaction(async |tx: &UnitOfWork| {
        let row = chunk::ActiveModel {
            import_id: Set(import_id),
            position: Set(position),
            content: Set(content.to_vec()),
        };
        chunk::Entity::insert(row).exec_without_returning(&**tx).await?;
        Ok::<_, DatabaseError>(())
    })
    .await?;
    Ok(())
}

/// A part of an import's file; nothing when it was deleted.
pub(crate) async fn chunk(
    db: &Database,
    import_id: ImportId,
    position: i32,
) -> Result<Option<Bytes>, DatabaseError> {
    let found = chunk::Entity::find_by_id((import_id, position)).one(&**db).await?;
    Ok(found.map(|row| row.content.into()))
}

/// The file is whole, and this job imports it.
pub(crate) async fn hand_over_import(
    tx: &UnitOfWork,
    id: ImportId,
    job: JobId,
    bytes: i64,
    chunks: i32,
) -> Result<ImportRow, CatalogError> {
    let changes = ActiveModel {
        job_id: Set(Some(job)),
        bytes: Set(bytes),
        chunks: Set(chunks),
        ..Default::default()
    };
    Ok(IMPORTS.all_shops().update(tx, id, AnyVersion, changes).await?)
}

/// An import of a shop whose file is whole.
pub(crate) async fn find_import(
    db: &Database,
    shop: ShopId,
    id: ImportId,
) -> Result<Option<ImportRow>, CatalogError> {
    let found = IMPORTS.for_shop(shop).find_by_id(db, id).await?;
    Ok(found.filter(|row| row.job_id.is_some()))
}

/// Ends an import that has not ended, and deletes its file.
pub(crate) async fn end_import(
    db: &Database,
    id: ImportId,
    ending: Ending,
) -> Result<(), CatalogError> {
    let (report, failure) = match ending {
        Ending::Done(report) => (Some(report), None),
        Ending::Failed(why) => (None, Some(why)),
        Ending::Cancelled => (None, None),
    };
    db.transaction(async |tx: &UnitOfWork| {
        let running = IMPORTS.all_shops().filter(Column::Id.eq(id));
        let running = running.filter(Column::FinishedAt.is_null());
        let end = ActiveModel {
            report: Set(report.clone()),
            failure: Set(failure.clone()),
            finished_at: Set(Some(db.now())),
            ..Default::default()
        };
        running.update_many(tx, end).await?;
        let file = chunk::Entity::delete_many().filter(chunk::Column::ImportId.eq(id));
        file.exec(&**tx).await?;
        Ok(())
    })
    .await
}

/// Forgets an import, and its file.
pub(crate) async fn delete_import(db: &Database, id: ImportId) -> Result<(), CatalogError> {
    IMPORTS.all_shops().filter(Column::Id.eq(id)).delete_many(db).await?;
    Ok(())
}

/// Forgets imports that were begun before `old`, and those whose upload was begun before
/// `cut_off` and has not come to its end; at most so many. Says how many they were.
pub(crate) async fn delete_old_imports(
    db: &Database,
    old: DateTime<Utc>,
    cut_off: DateTime<Utc>,
    limit: u64,
) -> Result<u64, CatalogError> {
    let is_cut_off = Column::JobId.is_null().and(Column::CreatedAt.lt(cut_off));
    let mut these = Entity::find().select_only().column(Column::Id);
    these = these.filter(Column::CreatedAt.lt(old).or(is_cut_off)).limit(limit);
    let these = Column::Id.in_subquery(these.into_query());
    Ok(IMPORTS.all_shops().filter(these).delete_many(db).await?)
}

/// Imports that have not ended, behind `after`, oldest first; at most so many.
pub(crate) async fn unfinished_imports(
    db: &Database,
    after: Option<ImportId>,
    limit: u64,
) -> Result<Vec<(ImportId, JobId)>, CatalogError> {
    let mut rows = Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::JobId)
        .filter(Column::FinishedAt.is_null())
        .filter(Column::JobId.is_not_null());
    if let Some(after) = after {
        rows = rows.filter(Column::Id.gt(after));
    }
    Ok(rows.order_by_asc(Column::Id).limit(limit).into_tuple().all(&**db).await?)
}
