//! How many statements there are for one thing.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use sea_orm::Set;

use crate::note::{ActiveModel, notes};
use crate::place::Place;

const BATCH: usize = 1_000;

/// Of a thousand lookups at the same time.
pub(crate) async fn of_a_batch(place: &Place) -> Result<u32> {
    let (db, notes) = (&place.counted, notes());
    let ids: Vec<_> = notes.find_many(db).await?.into_iter().map(|row| row.id).collect();
    let loader = notes.loader(db);
    let _ = place.statements.take();
    let lookups = ids.iter().take(BATCH).map(|id| loader.load(*id));
    let found = try_join_all(lookups).await?;
    let count = u32::try_from(place.statements.take().len())?;
    let found = found.iter().flatten().count();
    ensure!(found == BATCH, "{found} of {BATCH} rows were found");
    Ok(count)
}

/// Of one change that checks the version.
pub(crate) async fn of_an_update(place: &Place) -> Result<u32> {
    let (db, notes) = (&place.counted, notes());
    let row = notes.find_one(db).await?.context("there are rows")?;
    let changes = ActiveModel { stars: Set(5), ..Default::default() };
    let _ = place.statements.take();
    let changed = notes.update(db, row.id, row.version, changes).await?;
    let count = u32::try_from(place.statements.take().len())?;
    ensure!((changed.stars, changed.version) == (5, row.version + 1), "the row was not changed");
    Ok(count)
}
