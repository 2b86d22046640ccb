//! What staging an event costs a transaction of one row.

use std::time::{Duration, Instant};

use anyhow::Result;
use czo_repo::{Database, DatabaseError};
use sea_orm::TransactionTrait;

use crate::options::Options;
use crate::place::Place;

pub(crate) struct Cost {
    /// A unit of work with an event, over one without.
    pub(crate) with_event: f64,
    /// A unit of work with an event, over SeaORM's bare transaction without.
    pub(crate) over_seaorm: f64,
    /// The same as the first where no commit waits for the disk, so that nothing hides the rest.
    pub(crate) without_fsync: f64,
}

/// One writer after the other, in turns; nobody relays meanwhile.
pub(crate) async fn measure(place: &Place, options: &Options) -> Result<Cost> {
    place.settle().await?;
    let rounds = options.stage_rounds();
    let [bare, seaorm, staged] = turns(place, &place.database, rounds).await?;
    let [bare_unsafely, _, staged_unsafely] = turns(place, &place.unsafely, rounds).await?;
    Ok(Cost {
        with_event: staged / bare,
        over_seaorm: staged / seaorm,
        without_fsync: staged_unsafely / bare_unsafely,
    })
}

/// The median times in seconds: a unit of work, SeaORM's transaction, a unit with an event.
async fn turns(place: &Place, database: &Database, rounds: usize) -> Result<[f64; 3]> {
    let mut times = [const { Vec::new() }; 3];
    for round in 0..rounds + 20 {
        for turn in 0..3 {
            // Each comes first, second and third equally often.
            let way = (turn + round) % 3;
            let took = once(place, database, way).await?;
            if round >= 20 {
                times[way].push(took.as_secs_f64());
            }
        }
    }
    place.settle().await?;
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}

async fn once(place: &Place, database: &Database, way: usize) -> Result<Duration> {
    let start = Instant::now();
    match way {
        0 => database.transaction(async |tx| place.write(tx, 1).await.map(drop)).await?,
        1 => {
            let tx = database.begin_transaction().await?;
            place.write(&tx, 1).await?;
            tx.commit().await?;
        }
        _ => {
            let staged: Result<(), DatabaseError> =
                database.transaction(async |tx| place.place_order(tx, 1).await).await;
            staged?;
        }
    }
    Ok(start.elapsed())
}

/// SeaORM's own transaction, which [`Database`] hides behind its units of work.
trait Bare {
    async fn begin_transaction(&self) -> Result<sea_orm::DatabaseTransaction, sea_orm::DbErr>;
}

impl Bare for Database {
    async fn begin_transaction(&self) -> Result<sea_orm::DatabaseTransaction, sea_orm::DbErr> {
        TransactionTrait::begin(&**self).await
    }
}
