//! How many committed events a second arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use czo_outbox::Relay;
use czo_repo::DatabaseError;
use futures_util::future::try_join_all;

use crate::null_bus::NullBus;
use crate::options::Options;
use crate::place::{Place, WRITERS};

pub(crate) struct Sustained {
    /// From the first transaction to the last event on the bus.
    pub(crate) events_per_second: f64,
    /// The same transactions without events, and without a relay.
    pub(crate) bare_per_second: f64,
}

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<Sustained> {
    let events = options.events();
    place.settle().await?;
    let began = Instant::now();
    write(place, events, false).await?;
    let bare = began.elapsed();

    place.settle().await?;
    let bus = Arc::new(NullBus::default());
    let relay = Relay::new(&place.outbox, bus.clone()).spawn();
    let began = Instant::now();
    write(place, events, true).await?;
    bus.has(events).await;
    let took = began.elapsed();
    relay.drain(Duration::from_secs(10)).await;
    let number = f64::from(u32::try_from(events)?);
    Ok(Sustained {
        events_per_second: number / took.as_secs_f64(),
        bare_per_second: number / bare.as_secs_f64(),
    })
}

/// Events that waited while no relay was at work: how many a second it catches up with.
pub(crate) async fn backlog(place: &Place, options: &Options) -> Result<f64> {
    let events = options.events();
    place.settle().await?;
    let began = Instant::now();
    write(place, events, true).await?;
    let rate = f64::from(u32::try_from(events)?) / began.elapsed().as_secs_f64();
    crate::progress(&format!("{rate:.0} commits a second, nobody relays"));
    let bus = Arc::new(NullBus::default());
    let began = Instant::now();
    let relay = Relay::new(&place.outbox, bus.clone()).spawn();
    bus.has(events).await;
    let took = began.elapsed();
    relay.drain(Duration::from_secs(10)).await;
    Ok(f64::from(u32::try_from(events)?) / took.as_secs_f64())
}

/// Sixteen writers commit so many transactions.
async fn write(place: &Place, events: usize, publish: bool) -> Result<()> {
    let next = AtomicUsize::new(0);
    let writer = async || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= events {
                return Ok::<_, DatabaseError>(());
            }
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            place
                .database
                .transaction(async |tx| {
                    if publish {
                        place.place_order(tx, number).await
                    } else {
                        place.write(tx, number).await.map(drop)
                    }
                })
                .await?;
        }
    };
    try_join_all((0..WRITERS).map(|_| writer())).await?;
    Ok(())
}
