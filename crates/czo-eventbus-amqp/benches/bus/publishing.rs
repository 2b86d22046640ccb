//! Publishing, with many messages on their way.

use std::time::Instant;

use anyhow::Result;
use czo_core::{DomainEvent, EventBus};
use futures_util::StreamExt;

use crate::bare::Letter;
use crate::options::Options;
use crate::place::Place;
use crate::rounds::Measured;

/// How many messages are on their way.
const WINDOWS: [usize; 3] = [64, 256, 1_024];

/// The window of the figure that is no ratio.
const USUAL: usize = 256;

/// The ways after those of bare lapin.
const OURS: usize = 4;
const BATCHES: usize = 5;

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (plain, same) = (Letter::plain(place)?, Letter::same(place)?);
    let (channel, count) = (place.confirming().await?, options.messages());
    let each_second = |began: Instant| count as f64 / began.elapsed().as_secs_f64();
    for window in WINDOWS {
        let measured = Measured::<6>::of(options.rounds(), async |way| {
            let events = if way < OURS { Vec::new() } else { place.events(count)? };
            let began = Instant::now();
            match way {
                0 => plain.publish_many(place, &channel, count, window).await?,
                1 => plain.publish_at_once(place, &channel, count, window).await?,
                2 => same.publish_many(place, &channel, count, window).await?,
                3 => same.publish_at_once(place, &channel, count, window).await?,
                OURS => publish(place, events, window).await?,
                _ => publish_batches(place, events, window).await?,
            }
            let rate = each_second(began);
            place.empty().await?;
            Ok(rate)
        });
        let measured = measured.await?;
        // Which way of writing it is faster depends on the window, and on the machine.
        let best = |one: usize, other| {
            if measured.median(one) >= measured.median(other) { one } else { other }
        };
        let (plain, same) = (best(0, 1), best(2, 3));
        let ratio = |way, than| measured.ratio(way, than);
        place.figure(&format!("bus_publish_w{window}_ratio"), ratio(OURS, same));
        place.figure(&format!("bus_publish_w{window}_over_plain_ratio"), ratio(OURS, plain));
        place.figure(&format!("bus_publish_batch_w{window}_ratio"), ratio(BATCHES, same));
        place.figure(&format!("bus_publish_w{window}_plain_per_s"), measured.median(plain));
        place.figure(&format!("bus_publish_w{window}_bare_per_s"), measured.median(same));
        place.figure(&format!("bus_publish_w{window}_per_s"), measured.median(OURS));
        if window == USUAL {
            place.figure("bus_publish_per_s", measured.median(OURS));
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
