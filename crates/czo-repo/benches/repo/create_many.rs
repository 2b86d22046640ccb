//! Ten thousand new rows: a repository, and the same in portions by hand, with the rows returned
//! and without.

use anyhow::{Result, ensure};
use chrono::{SubsecRound, Utc};
use czo_repo::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Iterable};

use crate::note::{ActiveModel, Column, Entity, Model, note, notes, whole_note};
use crate::place::Place;
use crate::rounds::{Rounds, timed};

pub(crate) const ROWS: usize = 10_000;
/// As many rows in one statement as a repository takes.
const PORTION: usize = 2_000;

const REPOSITORY: usize = 0;
const BY_HAND: usize = 1;
const PLAIN: usize = 2;

pub(crate) struct CreateMany {
    pub(crate) ratio: f64,
    pub(crate) plain_ratio: f64,
    pub(crate) rows_per_second: f64,
}

pub(crate) async fn measure(place: &Place, rounds: usize) -> Result<CreateMany> {
    let (db, notes) = (&place.database, notes());
    let rounds = Rounds::<3>::run(rounds, async |way| {
        empty(db).await?;
        let work = async {
            Ok(match way {
                REPOSITORY => notes.create_many(db, (0..ROWS).map(note)).await?.len(),
                BY_HAND => by_hand(db).await?.len(),
                _ => plain(db).await?,
            })
        };
        let (took, created) = timed(work).await?;
        ensure!(created == ROWS, "{created} of {ROWS} rows were created");
        Ok(took)
    })
    .await?;
    empty(db).await?;
    Ok(CreateMany {
        ratio: rounds.throughput(REPOSITORY, BY_HAND),
        plain_ratio: rounds.throughput(REPOSITORY, PLAIN),
        rows_per_second: f64::from(u32::try_from(ROWS)?) / rounds.seconds(REPOSITORY),
    })
}

async fn by_hand(db: &Database) -> Result<Vec<Model>, DatabaseError> {
    let tx = db.begin().await?;
    let mut created = Vec::with_capacity(ROWS);
    for portion in portions(db) {
        created.extend(Entity::insert_many(portion).exec_with_returning(&*tx).await?);
    }
    tx.commit().await?;
    Ok(created)
}

async fn plain(db: &Database) -> Result<usize, DatabaseError> {
    let tx = db.begin().await?;
    let mut created = 0;
    for portion in portions(db) {
        created += Entity::insert_many(portion).exec_without_returning(&*tx).await?;
    }
    tx.commit().await?;
    Ok(usize::try_from(created).unwrap_or(usize::MAX))
}

/// The rows, as many at once as the database takes.
fn portions(db: &Database) -> impl Iterator<Item = Vec<ActiveModel>> + use<> {
    let values = if db.is_sqlite() { 32_766 } else { 65_535 };
    let portion = (values / Column::iter().count()).min(PORTION);
    // As exactly as a repository writes it: a longer text would be more work.
    let now = Utc::now().trunc_subsecs(6);
    let row = move |number| whole_note(number, now);
    let starts = (0..ROWS).step_by(portion);
    starts.map(move |start| (start..ROWS).take(portion).map(row).collect())
}

async fn empty(db: &Database) -> Result<(), DbErr> {
    let statement = if db.is_sqlite() { "DELETE FROM note" } else { "TRUNCATE note" };
    db.execute_unprepared(statement).await.map(drop)
}
