//! How long it takes from a commit to the request at the receiver.

use anyhow::Result;

use crate::options::Options;
use crate::place::Place;
use crate::receiver::Receiver;
use crate::steady::{Steady, times};

/// How many deliveries a second are due.
const DELIVERIES_PER_SECOND: u32 = 200;

/// Each event goes to `fan_out` webhooks.
pub(crate) async fn measure(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
    fan_out: u32,
) -> Result<Vec<f64>> {
    let steady =
        Steady { events_per_second: DELIVERIES_PER_SECOND / fan_out, duration: options.steady() };
    let paths: Vec<_> = (0..fan_out).map(|webhook| format!("/good/{webhook}")).collect();
    times(place, receiver, steady, &paths, &[]).await
}
