//! The laws of walking from page to page.

use std::collections::HashSet;

use czo_core::{IdGenerator, SystemIds};
use czo_repo::{Database, PageRequest, Ready, Repository, Sort};
use czo_testkit::TestDatabase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{Condition, Set};

use crate::note::{ActiveModel, Column, Entity, NoteId, migrate, note, notes};

/// One walk: which rows there are, in which order they are visited and in which steps.
#[derive(Clone, Debug)]
struct Walk {
    /// Rank, stars and author of each row, out of few values: many ties, many without a value.
    rows: Vec<(Option<i32>, i32, Option<u8>)>,
    /// Column and direction, and where rows without a value go.
    order: Vec<(u8, bool, Option<bool>)>,
    step: i32,
}

fn walk() -> impl Strategy<Value = Walk> {
    let rank = proptest::option::of(0..4);
    let row = (rank, 0..3, proptest::option::of(0..3_u8));
    let term = (0..5_u8, any::<bool>(), any::<Option<bool>>());
    (proptest::collection::vec(row, 0..16), proptest::collection::vec(term, 0..4), 1..6)
        .prop_map(|(rows, order, step)| Walk { rows, order, step })
}

fn sort(order: &[(u8, bool, Option<bool>)]) -> Option<Sort<Entity>> {
    let mut sort: Option<Sort<Entity>> = None;
    for (column, down, nulls_first) in order {
        let columns =
            [Column::Rank, Column::Stars, Column::AuthorName, Column::CreatedAt, Column::Id];
        let column = columns[usize::from(*column)];
        let next = match (sort, down) {
            (None, false) => Sort::asc(column),
            (None, true) => Sort::desc(column),
            (Some(sort), false) => sort.then_asc(column),
            (Some(sort), true) => sort.then_desc(column),
        };
        sort = Some(match nulls_first {
            Some(true) => next.nulls_first(),
            Some(false) => next.nulls_last(),
            None => next,
        });
    }
    sort
}

/// A slug that no other row has.
fn uuid() -> String {
    SystemIds.uuid_v7().to_string()
}

/// Walks from one end to the other. Between pages, rows come and go.
async fn visit(
    db: &Database,
    notes: &Repository<Entity, Ready>,
    step: i32,
    backward: bool,
) -> Vec<NoteId> {
    let (mut seen, mut cursor, mut passing) = (Vec::new(), None::<String>, None::<NoteId>);
    loop {
        let request = match (backward, cursor) {
            (false, None) => PageRequest::first(step).unwrap(),
            (false, Some(cursor)) => PageRequest::first(step).unwrap().after(cursor),
            (true, None) => PageRequest::last(step).unwrap(),
            (true, Some(cursor)) => PageRequest::last(step).unwrap().before(cursor),
        };
        let page = notes.page(db, &request).await.unwrap();
        let ids = page.nodes.iter().map(|row| row.id);
        if backward {
            seen.extend(ids.rev());
        } else {
            seen.extend(ids);
        }
        // One row comes and the one before goes, deleted softly or for good; not for ever, or a
        // walk could follow them for ever.
        let came = if seen.len() < 40 {
            Some(notes.create(db, note(&uuid())).await.unwrap().id)
        } else {
            None
        };
        match std::mem::replace(&mut passing, came) {
            Some(gone) if seen.len().is_multiple_of(2) => {
                notes.delete(db, gone, 1).await.unwrap();
            }
            Some(gone) => {
                notes.hard_delete(db, gone).await.unwrap();
            }
            None => {}
        }
        let info = page.page_info;
        let more = if backward { info.has_previous_page } else { info.has_next_page };
        let next = if backward { info.start_cursor } else { info.end_cursor };
        if !more || next.is_none() {
            return seen;
        }
        cursor = next;
    }
}

async fn check(db: &Database, walk: &Walk) -> Result<(), TestCaseError> {
    let notes = notes();
    let rows = walk.rows.iter().enumerate().map(|(number, (rank, stars, author))| ActiveModel {
        rank: Set(*rank),
        stars: Set(*stars),
        author_name: Set(author.map(|author| author.to_string())),
        ..note(&number.to_string())
    });
    let rows = notes.create_many(db, rows).await.unwrap();
    let lasting: HashSet<_> = rows.iter().map(|row| row.id).collect();
    let sorted = sort(&walk.order).map_or_else(|| notes.clone(), |sort| notes.sort(sort));
    let expected: Vec<_> =
        sorted.find_many(db).await.unwrap().into_iter().map(|row| row.id).collect();

    let mut forward = visit(db, &sorted, walk.step, false).await;
    forward.retain(|id| lasting.contains(id));
    prop_assert_eq!(&forward, &expected);
    let mut backward = visit(db, &sorted, walk.step, true).await;
    backward.retain(|id| lasting.contains(id));
    backward.reverse();
    prop_assert_eq!(&backward, &expected);
    notes.filter(Condition::all()).delete_many(db).await.unwrap();
    Ok(())
}

/// Runs the walks of a seed on a database.
fn every_row_is_visited_once(open: impl AsyncFnOnce() -> TestDatabase, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(open());
    let test = |database: TestDatabase| async move {
        migrate(&database).await;
        let db = database.database();
        tokio::task::spawn_blocking(move || {
            let handle = tokio::runtime::Handle::current();
            let mut runner = TestRunner::new(Config {
                cases,
                failure_persistence: None,
                max_shrink_iters: 64,
                ..Config::default()
            });
            runner.run(&walk(), |walk| handle.block_on(check(&db, &walk))).unwrap();
        })
        .await
        .unwrap();
    };
    runtime.block_on(database.run(test));
}

#[test]
fn a_walk_visits_every_row_once_while_others_come_and_go_on_sqlite() {
    every_row_is_visited_once(TestDatabase::sqlite, 24);
}

#[test]
fn a_walk_visits_every_row_once_while_others_come_and_go_on_postgres() {
    every_row_is_visited_once(TestDatabase::postgres, 24);
}
