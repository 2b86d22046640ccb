//! Publishing one message after the other.

use std::time::Instant;

use anyhow::Result;
use czo_core::EventBus;

use crate::bare::Letter;
use crate::options::Options;
use crate::place::Place;
use crate::rounds::{Measured, percentile};

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (letter, count) = (Letter::same(place).await?, options.one_by_one());
    let mut medians = [Vec::new(), Vec::new()];
    let measured = Measured::<2>::of(options.rounds(), async |way| {
        let events = place.events(count)?;
        let (letter, bus) = (letter.clone(), place.bus.clone());
        let publishing = async move {
            let mut times = Vec::with_capacity(count);
            for event in events {
                let began = Instant::now();
                match way {
                    0 => letter.publish().await?,
                    _ => bus.publish(event).await?,
                }
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(times)
        };
        // As in a server.
        let mut times = tokio::spawn(publishing).await??;
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
    Ok(())
}
