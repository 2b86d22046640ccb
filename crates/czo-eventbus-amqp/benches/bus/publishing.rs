//! Publishing, with many messages on their way.

use std::time::Instant;

use anyhow::Result;
use czo_core::{DomainEvent, EventBus};
use futures_util::StreamExt;

use crate::bare;
use crate::options::Options;
use crate::place::Place;
use crate::rounds::Measured;

/// How many messages are on their way.
const WINDOWS: [usize; 3] = [64, 256, 1_024];

/// The window of the figure that is no ratio.
const USUAL: usize = 256;

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (body, channel) = (place.body()?, place.confirming().await?);
    let count = options.messages();
    let each_second = |began: Instant| count as f64 / began.elapsed().as_secs_f64();
    for window in WINDOWS {
        let measured = Measured::<4>::of(options.rounds(), async |way| {
            let events = if way < 2 { Vec::new() } else { place.events(count)? };
            let began = Instant::now();
            match way {
                0 => bare::publish_many(place, &channel, &body, count, window).await?,
                1 => bare::publish_at_once(place, &channel, &body, count, window).await?,
                2 => publish(place, events, window).await?,
                _ => publish_batches(place, events, window).await?,
            }
            let rate = each_second(began);
            place.empty().await?;
            Ok(rate)
        });
        let measured = measured.await?;
        // Which way of writing it is faster depends on the window.
        let best = if measured.median(0) >= measured.median(1) { 0 } else { 1 };
        place.figure(&format!("bus_publish_w{window}_ratio"), measured.ratio(2, best));
        place.figure(&format!("bus_publish_batch_w{window}_ratio"), measured.ratio(3, best));
        place.figure(&format!("bus_publish_w{window}_bare_per_s"), measured.median(best));
        place.figure(&format!("bus_publish_w{window}_per_s"), measured.median(2));
        if window == USUAL {
            place.figure("bus_publish_per_s", measured.median(2));
        }
    }
    channel.close(200, "".into()).await?;
    Ok(())
}

/// As many callers of `publish` at once.
async fn publish(place: &Place, events: Vec<DomainEvent>, window: usize) -> Result<()> {
    let mut publishing = futures_util::stream::iter(events)
        .map(|event| place.bus.publish(event))
        .buffer_unordered(window);
    while let Some(published) = publishing.next().await {
        published?;
    }
    Ok(())
}

/// Batches of that size, one after the other.
async fn publish_batches(place: &Place, events: Vec<DomainEvent>, window: usize) -> Result<()> {
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        place.bus.publish_batch(events.by_ref().take(window).collect()).await?;
    }
    Ok(())
}
