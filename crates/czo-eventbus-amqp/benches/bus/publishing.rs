//! Publishing, with many messages on their way.

use std::time::Instant;

use anyhow::Result;
use czo_core::{DomainEvent, EventBus};
use czo_eventbus_amqp::AmqpBus;
use futures_util::StreamExt;

use crate::bare::Letter;
use crate::options::Options;
use crate::place::Place;
use crate::rounds::Measured;

/// How many messages are on their way.
const WINDOWS: [usize; 3] = [64, 256, 1_024];

/// The window of the figure that is no ratio.
const USUAL: usize = 256;

/// The ways: JSON and nothing else, the message of the bus, the bus, the bus in batches.
const PLAIN: usize = 0;
const BARE: usize = 1;
const OURS: usize = 2;
const BATCHES: usize = 3;

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (plain, same) = (Letter::plain(place).await?, Letter::same(place).await?);
    let count = options.messages();
    for window in WINDOWS {
        let measured = Measured::<4>::of(options.rounds(), async |way| {
            let events = if way < OURS { Vec::new() } else { place.events(count)? };
            let began = Instant::now();
            match way {
                PLAIN => plain.publish_many(count, window).await?,
                BARE => same.publish_many(count, window).await?,
                OURS => publish(&place.bus, events, window).await?,
                _ => publish_batches(&place.bus, events, window).await?,
            }
            let rate = count as f64 / began.elapsed().as_secs_f64();
            place.empty().await?;
            Ok(rate)
        });
        let measured = measured.await?;
        let figure = |name, value| place.figure(&format!("bus_publish_{name}"), value);
        figure(format!("w{window}_ratio"), measured.ratio(OURS, BARE));
        figure(format!("w{window}_over_plain_ratio"), measured.ratio(OURS, PLAIN));
        figure(format!("batch_w{window}_ratio"), measured.ratio(BATCHES, BARE));
        figure(format!("w{window}_plain_per_s"), measured.median(PLAIN));
        figure(format!("w{window}_bare_per_s"), measured.median(BARE));
        figure(format!("w{window}_per_s"), measured.median(OURS));
        if window == USUAL {
            figure("per_s".to_owned(), measured.median(OURS));
        }
    }
    Ok(())
}

/// As many callers of `publish` at once.
async fn publish(bus: &AmqpBus, events: Vec<DomainEvent>, window: usize) -> Result<()> {
    let bus = bus.clone();
    let publishing = async move {
        let mut publishing = futures_util::stream::iter(events)
            .map(|event| bus.publish(event))
            .buffer_unordered(window);
        while let Some(published) = publishing.next().await {
            published?;
        }
        Ok(())
    };
    // As in a server.
    tokio::spawn(publishing).await?
}

/// Batches of that size, one after the other.
async fn publish_batches(bus: &AmqpBus, events: Vec<DomainEvent>, window: usize) -> Result<()> {
    let bus = bus.clone();
    let publishing = async move {
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            bus.publish_batch(events.by_ref().take(window).collect()).await?;
        }
        Ok(())
    };
    tokio::spawn(publishing).await?
}
