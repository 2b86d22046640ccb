//! Thumbnails.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use czo_repo::{AnyVersion, Database, UnitOfWork};
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Insert, QuerySelect, QueryTrait, Set};

use super::THUMBNAILS;
use super::thumbnail_row::{ActiveModel, Column, Entity};
pub(crate) use super::thumbnail_row::{Model as ThumbnailRow, ThumbnailState};
use crate::{CatalogError, ThumbnailId};

/// A thumbnail that a shop may not have yet.
#[derive(Clone, Debug)]
pub(crate) struct NewThumbnail {
    pub(crate) id: ThumbnailId,
    pub(crate) url: String,
    pub(crate) url_hash: String,
    /// Why there will be none, if that is known already.
    pub(crate) failure: Option<String>,
}

/// What became of a thumbnail.
#[derive(Clone, Debug)]
pub(crate) enum ThumbnailEnding {
    Done { content_type: &'static str, content: Vec<u8> },
    Failed(String),
}

/// Adds those of these thumbnails that the shop has not got, in one statement; says which.
pub(crate) async fn add_thumbnails(
    tx: &UnitOfWork,
    shop: ShopId,
    mut thumbnails: Vec<NewThumbnail>,
    now: DateTime<Utc>,
) -> Result<Vec<ThumbnailId>, CatalogError> {
    if thumbnails.is_empty() {
        return Ok(Vec::new());
    }
    // In one order, so that two writers of the same ones do not wait for each other.
    thumbnails.sort_by(|a, b| a.url_hash.cmp(&b.url_hash));
    thumbnails.dedup_by(|a, b| a.url_hash == b.url_hash);
    let rows = thumbnails.into_iter().map(|new| ActiveModel {
        id: Set(new.id),
        shop_id: Set(shop),
        url_hash: Set(new.url_hash),
        url: Set(new.url),
        state: Set(match new.failure {
            Some(_) => ThumbnailState::Failed,
            None => ThumbnailState::Waiting,
        }),
        failure: Set(new.failure),
        content_type: Set(None),
        content: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    });
    let key = OnConflict::columns([Column::ShopId, Column::UrlHash]).do_nothing().to_owned();
    let mut insert = Insert::many(rows).on_conflict(key).into_query();
    insert.returning(Query::returning().column(Column::Id));
    let added = tx.query_all(&insert).await?;
    Ok(added.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// A thumbnail of any shop: whoever knows its id may see it.
pub(crate) async fn find_thumbnail(
    db: &Database,
    id: ThumbnailId,
) -> Result<Option<ThumbnailRow>, CatalogError> {
    Ok(THUMBNAILS.all_shops().find_by_id(db, id).await?)
}

/// Those of the images at these URLs whose thumbnail is there, by the hash of the URL.
pub(crate) async fn thumbnails_of(
    db: &Database,
    shop: ShopId,
    hashes: &[String],
) -> Result<HashMap<String, ThumbnailId>, CatalogError> {
    let done = THUMBNAILS
        .for_shop(shop)
        .filter(Column::State.eq(ThumbnailState::Done))
        .filter(Column::UrlHash.is_in(hashes));
    let pairs = done.select().select_only().column(Column::UrlHash).column(Column::Id);
    let pairs: Vec<(String, ThumbnailId)> = pairs.into_tuple().all(db.reader()).await?;
    Ok(pairs.into_iter().collect())
}

/// How many thumbnails a shop has in each state.
pub(crate) async fn count_thumbnails(
    db: &Database,
    shop: ShopId,
) -> Result<HashMap<ThumbnailState, u64>, CatalogError> {
    let counts = THUMBNAILS
        .for_shop(shop)
        .restrict(Entity::find())
        .select_only()
        .column(Column::State)
        .column_as(Column::Id.count(), "thumbnails")
        .group_by(Column::State);
    let counts: Vec<(ThumbnailState, i64)> = counts.into_tuple().all(db.reader()).await?;
    let counts = counts.into_iter();
    Ok(counts.map(|(state, count)| (state, u64::try_from(count).unwrap_or_default())).collect())
}

/// Writes down what became of a thumbnail.
pub(crate) async fn end_thumbnail(
    db: &Database,
    id: ThumbnailId,
    ending: ThumbnailEnding,
) -> Result<(), CatalogError> {
    let changes = match ending {
        ThumbnailEnding::Done { content_type, content } => ActiveModel {
            state: Set(ThumbnailState::Done),
            failure: Set(None),
            content_type: Set(Some(content_type.to_owned())),
            content: Set(Some(content)),
            ..Default::default()
        },
        ThumbnailEnding::Failed(why) => ActiveModel {
            state: Set(ThumbnailState::Failed),
            failure: Set(Some(why)),
            ..Default::default()
        },
    };
    THUMBNAILS.all_shops().update(db, id, AnyVersion, changes).await?;
    Ok(())
}
