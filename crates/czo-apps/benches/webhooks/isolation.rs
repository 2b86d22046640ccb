//! What a dead and a slow receiver cost the others.

use anyhow::{Result, ensure};

use crate::options::Options;
use crate::place::Place;
use crate::receiver::Receiver;
use crate::steady::{Steady, percentile, times};

/// How many others there are; together they have 200 deliveries a second.
const OTHERS: u32 = 4;

/// The others' 95th percentiles, in milliseconds.
pub(crate) struct Isolation {
    pub(crate) alone: f64,
    pub(crate) beside: f64,
}

/// In turns, each as often first as second, so that both have the same machine: what else happens
/// on it comes and goes.
pub(crate) async fn measure(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
) -> Result<Isolation> {
    let steady = Steady { events_per_second: 200 / OTHERS, duration: options.steady() };
    let paths: Vec<_> = (0..OTHERS).map(|webhook| format!("/good/{webhook}")).collect();
    // Nobody listens at port 1.
    let bad = ["http://127.0.0.1:1/dead".to_owned(), receiver.url("/slow")];
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for turn in 0..options.isolation_turns() {
        // Without, with, with, without.
        if matches!(turn % 4, 0 | 3) {
            alone.extend(times(place, receiver, steady, &paths, &[]).await?);
            continue;
        }
        beside.extend(times(place, receiver, steady, &paths, &bad).await?);
        let failed = "SELECT count(*) FROM webhook_attempt WHERE status IS NULL";
        let failed: i64 = place.ask(failed).await?;
        let waiting: i64 = place.ask("SELECT count(*) FROM webhook_delivery").await?;
        crate::progress(&format!("{failed} attempts have failed, {waiting} wait for the bad ones"));
        ensure!(failed > 0 && waiting > 0, "the bad ones were not bad");
    }
    Ok(Isolation { alone: percentile(&alone, 95), beside: percentile(&beside, 95) })
}
