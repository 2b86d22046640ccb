//! Half a minute of `cargo xtask torture bus` in every run of the tests.

#[expect(dead_code, reason = "the example shows its progress and prints the figures")]
#[path = "../../examples/torture/harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::Duration;

use self::harness::{Harm, Plan, play_if_asked, torture};

/// Other seeds are for `cargo xtask torture bus`; here every run is to try the same.
const SEED: u64 = 20_261_130;

/// What the processes of the torture are: this test, with a part to play.
const PART: &str = "a_process_without_a_part_plays_none";

#[test]
fn a_process_without_a_part_plays_none() {
    let played = play_if_asked().unwrap_or(ExitCode::SUCCESS);
    assert_eq!(played, ExitCode::SUCCESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_nor_overtaken_while_everything_is_harmed() {
    let plan = Plan {
        duration: Duration::from_secs(16),
        seed: SEED,
        rate: 400,
        keys: 100,
        consumers: 2,
        cuts: Duration::from_secs(4),
        harms: vec![
            Harm::Cut,
            Harm::Crash,
            Harm::DeleteQueue,
            Harm::CloseChannels,
            Harm::Malformed,
            Harm::Foreign,
        ],
        arguments: vec!["--exact".to_owned(), PART.to_owned()],
    };
    let ledger = torture(&plan, |_| {}).await.unwrap();
    assert_eq!(ledger.faults(), [""; 0], "{ledger:#?}");
    assert!(ledger.get("handled") > 0 && ledger.get("harms") > 0, "{ledger:#?}");
}
