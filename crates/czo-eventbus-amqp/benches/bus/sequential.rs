//! Publishing one message after the other.

use std::time::Instant;

use anyhow::Result;
use czo_core::EventBus;

use crate::bare::Letter;
use crate::options::Options;
use crate::place::Place;
use crate::rounds::{Measured, percentile};

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (letter, channel) = (Letter::same(place)?, place.confirming().await?);
    let count = options.one_by_one();
    let mut medians = [Vec::new(), Vec::new()];
    let measured = Measured::<2>::of(options.rounds(), async |way| {
        let events = place.events(count)?;
        let mut times = Vec::with_capacity(count);
        for event in events {
            let began = Instant::now();
            match way {
                0 => letter.publish(place, &channel).await?,
                _ => place.bus.publish(event).await?,
            }
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        place.empty().await?;
        medians[way].push(percentile(&mut times, 50));
        Ok(percentile(&mut times, 95))
    });
    let measured = measured.await?;
    place.figure("bus_sequential_p95_ratio", measured.ratio(1, 0));
    for (name, way) in [("_bare", 0), ("", 1)] {
        place.figure(&format!("bus_sequential{name}_p50_ms"), percentile(&mut medians[way], 50));
        place.figure(&format!("bus_sequential{name}_p95_ms"), measured.median(way));
    }
    channel.close(200, "".into()).await?;
    Ok(())
}
