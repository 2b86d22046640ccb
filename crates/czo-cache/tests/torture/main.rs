//! Twenty seconds of `cargo xtask torture cache` in every run of the tests.

#[expect(dead_code, reason = "the example prints the figures")]
#[path = "../../examples/torture/harness.rs"]
mod harness;

use std::time::Duration;

use self::harness::{Plan, torture};

#[tokio::test(flavor = "multi_thread")]
async fn no_read_sees_what_it_must_not_while_redis_is_harmed() {
    let plan = Plan {
        duration: Duration::from_secs(20),
        // Other seeds are for `cargo xtask torture cache`; here every run is to try the same.
        seed: 20_261_122,
        nodes: 2,
        readers: 8,
        writers: 3,
        bound: Duration::from_secs(2),
    };
    let outcome = torture(&plan, |_, _| {}).await.unwrap();
    let figures = &outcome.figures;
    assert_eq!((figures.failed_reads, figures.violations()), (0, 0), "{outcome:#?}");
    assert!(figures.reads > 0 && figures.writes > 0 && figures.harms > 0, "{outcome:#?}");
}
