//! What a dead and a slow receiver cost the others.

use anyhow::{Result, ensure};

use crate::options::Options;
use crate::place::Place;
use crate::receiver::Receiver;
use crate::steady::{Steady, median, percentile, times};

/// How many others there are; together they have 200 deliveries a second.
const OTHERS: u32 = 4;

/// Who is there besides the others.
#[derive(Clone, Copy)]
enum Beside {
    Nobody,
    /// Two more that answer at once.
    Good,
    /// One that is dead, and one that answers after ten seconds.
    Bad,
}

/// The others' 95th percentiles, in milliseconds.
pub(crate) struct Isolation {
    pub(crate) alone: f64,
    pub(crate) beside_good: f64,
    pub(crate) beside_bad: f64,
}

/// In turns, there and back, so that all three have the same machine. What else happens on it comes
/// and goes: it spoils a turn, and with the times of all turns in one heap the worst twentieth of
/// them would be that turn. So each turn has a percentile of its own, and the median of those counts.
///
/// Two more webhooks are half as many rows again, whoever receives them, for which writer, database
/// and dispatcher need the two cores. What that alone costs, two more that are good tell; they are
/// sent more than the bad ones, and are no part of the ratio.
pub(crate) async fn measure(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
) -> Result<Isolation> {
    let (mut alone, mut good, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.isolation_rounds() {
        let mut turns = [Beside::Nobody, Beside::Good, Beside::Bad];
        if round % 2 == 1 {
            turns.reverse();
        }
        for beside in turns {
            let p95 = turn(place, receiver, options, beside).await?;
            match beside {
                Beside::Nobody => alone.push(p95),
                Beside::Good => good.push(p95),
                Beside::Bad => bad.push(p95),
            }
        }
    }
    Ok(Isolation { alone: median(&alone), beside_good: median(&good), beside_bad: median(&bad) })
}

/// The others' 95th percentile.
async fn turn(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
    beside: Beside,
) -> Result<f64> {
    let steady = Steady { events_per_second: 200 / OTHERS, duration: options.steady() };
    let paths: Vec<_> = (0..OTHERS).map(|webhook| format!("/good/{webhook}")).collect();
    let neighbours = match beside {
        Beside::Nobody => vec![],
        Beside::Good => ["/fine/0", "/fine/1"].map(|path| receiver.url(path)).to_vec(),
        // Nobody listens at port 1.
        Beside::Bad => vec!["http://127.0.0.1:1/dead".to_owned(), receiver.url("/slow")],
    };
    let times = times(place, receiver, steady, &paths, &neighbours).await?;
    if matches!(beside, Beside::Bad) {
        let failed = "SELECT count(*) FROM webhook_attempt WHERE status IS NULL";
        let failed: i64 = place.ask(failed).await?;
        let waiting: i64 = place.ask("SELECT count(*) FROM webhook_delivery").await?;
        crate::progress(&format!("{failed} attempts have failed, {waiting} wait for the bad ones"));
        ensure!(failed > 0 && waiting > 0, "the bad ones were not bad");
    }
    Ok(percentile(&times, 95))
}
