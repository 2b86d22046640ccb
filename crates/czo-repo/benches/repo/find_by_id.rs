//! One row by its id: a repository, the same statement of SeaORM, and the driver alone.

use anyhow::{Result, ensure};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::note::{Column, Entity, NoteId, SHOP, note, notes};
use crate::place::Place;
use crate::rounds::{Rounds, timed};
use crate::sqlx_note;

const ROWS: usize = 10_000;
/// Calls of one turn: some milliseconds, so that turns are close to each other.
const CALLS: u16 = 200;
/// Prime, and far from a row's neighbours.
const STRIDE: usize = 7_919;

const REPOSITORY: usize = 0;
const SEAORM: usize = 1;
const SQLX: usize = 2;

pub(crate) struct FindById {
    pub(crate) ratio: f64,
    pub(crate) repository_us: f64,
    pub(crate) seaorm_us: f64,
    pub(crate) sqlx_us: f64,
}

pub(crate) async fn measure(place: &Place, rounds: usize) -> Result<FindById> {
    let (db, notes) = (&place.database, notes());
    let created = notes.create_many(db, (0..ROWS).map(note)).await?;
    let ids: Vec<NoteId> = created.iter().map(|row| row.id).collect();
    place.settle().await?;

    let sqlite = db.is_sqlite();
    let mut next = [0; 3];
    let rounds = Rounds::<3>::run(rounds, async |way| {
        // Each way asks for the same rows in the same order.
        let start = next[way];
        next[way] += usize::from(CALLS);
        let wanted = (start..).map(|call| ids[call * STRIDE % ids.len()]).take(CALLS.into());
        let work = async {
            let mut found = 0;
            for id in wanted {
                let is_there = match way {
                    REPOSITORY => notes.find_by_id(db, id).await?.is_some(),
                    SEAORM => {
                        let select = Entity::find_by_id(id)
                            .filter(Column::ShopId.eq(*SHOP))
                            .filter(Column::DeletedAt.is_null());
                        select.one(&**db).await?.is_some()
                    }
                    _ => sqlx_note::title(db, sqlite, id).await?.is_some(),
                };
                found += u16::from(is_there);
            }
            Ok(found)
        };
        let (took, found) = timed(work).await?;
        ensure!(found == CALLS, "{found} of {CALLS} rows were found");
        Ok(took)
    })
    .await?;
    let micros = |way| rounds.seconds(way) * 1e6 / f64::from(CALLS);
    Ok(FindById {
        ratio: rounds.throughput(REPOSITORY, SEAORM),
        repository_us: micros(REPOSITORY),
        seaorm_us: micros(SEAORM),
        sqlx_us: micros(SQLX),
    })
}
