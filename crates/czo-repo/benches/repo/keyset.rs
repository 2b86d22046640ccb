//! The thousandth page of a long list next to the first.

use anyhow::{Context, Result, ensure};
use czo_repo::{OffsetRequest, PageRequest, Sort};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::note::{Column, SHOP, notes};
use crate::place::Place;
use crate::rounds::{Rounds, timed};

const DEEP_PAGE: i64 = 1_000;
const ROWS_PER_PAGE: i32 = 50;

pub(crate) struct Keyset {
    pub(crate) ratio: f64,
    pub(crate) first_us: f64,
    pub(crate) deep_us: f64,
}

pub(crate) async fn measure(place: &Place, rows: u32, rounds: usize) -> Result<Keyset> {
    let db = &place.database;
    fill(place, rows).await?;
    let list = notes().sort(Sort::asc(Column::CreatedAt));
    let first = PageRequest::first(ROWS_PER_PAGE)?;
    // The cursor of the row before the deep page. Only this once rows are counted off.
    let before = OffsetRequest::new(DEEP_PAGE - 1, Some(ROWS_PER_PAGE.into()))?;
    let before = list.numbered_page(db, &before).await?.page_info.end_cursor;
    let deep = first.clone().after(before.context("the list is long enough")?);

    let requests = [&first, &deep];
    let rounds = Rounds::<2>::run(rounds, async |way| {
        let (took, page) = timed(async { Ok(list.page(db, requests[way]).await?) }).await?;
        ensure!(page.nodes.len() == usize::try_from(ROWS_PER_PAGE)?, "the page is not full");
        ensure!(page.page_info.has_previous_page == (way == 1), "it is another page");
        Ok(took)
    })
    .await?;
    Ok(Keyset {
        // How much longer, not how much faster.
        ratio: rounds.throughput(0, 1),
        first_us: rounds.seconds(0) * 1e6,
        deep_us: rounds.seconds(1) * 1e6,
    })
}

/// Rows that share their time of creation by tens, so that the id decides, too.
async fn fill(place: &Place, rows: u32) -> Result<()> {
    let insert = "INSERT INTO note (id, shop_id, title, stars, version, created_at, updated_at) \
        SELECT gen_random_uuid(), $1, 'the note with the number ' || n, 3, 1, at, at \
        FROM generate_series(1, $2) AS n, \
        LATERAL (SELECT timestamptz '2026-01-01' + n / 10 * interval '1 second' AS at) AS time";
    let values = [(*SHOP).into(), i32::try_from(rows)?.into()];
    let insert = Statement::from_sql_and_values(DbBackend::Postgres, insert, values);
    let inserted = place.database.execute_raw(insert).await?.rows_affected();
    ensure!(inserted == u64::from(rows), "{inserted} of {rows} rows were inserted");
    place.settle().await
}
