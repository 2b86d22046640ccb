//! Twenty seconds of `cargo xtask torture outbox` in every run of the tests, on each database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the example shows its progress and prints the figures")]
#[path = "../../examples/torture/harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::Duration;

use self::harness::{Kind, Ledger, Plan, play_if_asked};

/// Other seeds are for `cargo xtask torture outbox`; here every run is to try the same.
const SEED: u64 = 20_261_122;

/// What the processes of the torture are: this test, with a part to play.
const PART: &str = "a_process_without_a_part_plays_none";

async fn torture(kind: Kind) -> Ledger {
    let plan = Plan {
        kind,
        duration: Duration::from_secs(18),
        seed: SEED,
        relays: 3,
        writers: 2,
        consumers: 2,
        crash_every: Duration::from_secs(6),
        arguments: vec!["--exact".to_owned(), PART.to_owned()],
    };
    harness::torture(&plan, |_| {}).await.unwrap()
}

#[test]
fn a_process_without_a_part_plays_none() {
    let played = play_if_asked().unwrap_or(ExitCode::SUCCESS);
    assert_eq!(played, ExitCode::SUCCESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_loses_and_reorders_nothing_while_everything_is_killed() {
    let ledger = torture(Kind::Postgres).await;
    assert_eq!(ledger.faults(), [""; 0], "{ledger:?}");
    assert!(ledger.get("kills") > 0 && ledger.get("database_restarts") > 0, "{ledger:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_loses_and_reorders_nothing_while_everything_is_killed() {
    let ledger = torture(Kind::Sqlite).await;
    assert_eq!(ledger.faults(), [""; 0], "{ledger:?}");
    assert!(ledger.get("kills") > 0, "{ledger:?}");
}
