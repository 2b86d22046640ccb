//! Some seconds of `cargo xtask torture webhooks` in every run of the tests.

#[expect(dead_code, reason = "the example shows its progress and prints the figures")]
#[path = "../../examples/torture/harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::Duration;

use self::harness::{Plan, play_if_asked, torture};

/// Other seeds are for `cargo xtask torture webhooks`; here every run is to try the same.
const SEED: u64 = 20_261_130;

/// What the processes of the torture are: this test, with a part to play.
const PART: &str = "a_process_without_a_part_plays_none";

#[test]
fn a_process_without_a_part_plays_none() {
    let played = play_if_asked().unwrap_or(ExitCode::SUCCESS);
    assert_eq!(played, ExitCode::SUCCESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_no_lane_reordered_while_everything_is_killed() {
    let plan = Plan {
        duration: Duration::from_secs(14),
        seed: SEED,
        dispatchers: 3,
        writers: 2,
        crash_every: Duration::from_secs(6),
        arguments: vec!["--exact".to_owned(), PART.to_owned()],
    };
    let ledger = torture(&plan, |_| {}).await.unwrap();
    assert_eq!(ledger.faults(), [""; 0], "{ledger:?}");
    assert!(ledger.get("kills") > 0 && ledger.get("database_restarts") > 0, "{ledger:?}");
}
