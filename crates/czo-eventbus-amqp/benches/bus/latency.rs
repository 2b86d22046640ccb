//! How long it takes from the publisher to the handler.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use czo_core::{EventBus, handler_fn};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::options::Options;
use crate::place::Place;
use crate::rounds::percentile;

/// How many are published each millisecond.
const EACH_MS: usize = 5;

/// Five events are published each millisecond, however long the others take. The time runs from
/// right before that to the beginning of the handler. What comes in the first half second is not
/// counted.
pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (told, mut came) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event| {
        let _ = told.send((Place::number(&event), Instant::now()));
        std::future::ready(Ok(()))
    });
    let subscription = place.subscribe(Arc::new(handler)).await?;
    let ticks = usize::try_from(options.paced().as_millis())?;
    let mut events = place.events(ticks * EACH_MS)?.into_iter();
    let mut published = Vec::with_capacity(ticks * EACH_MS);
    let mut publishing = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    for _ in 0..ticks {
        tick.tick().await;
        for event in events.by_ref().take(EACH_MS) {
            published.push(Instant::now());
            let bus = place.bus.clone();
            publishing.spawn(async move { bus.publish(event).await });
        }
        while let Some(outcome) = publishing.try_join_next() {
            outcome??;
        }
    }
    while let Some(outcome) = publishing.join_next().await {
        outcome??;
    }
    place.progress(&format!(
        "{:.0} a second were published",
        published.len() as f64 / began.elapsed().as_secs_f64()
    ));
    let mut times = Vec::with_capacity(published.len());
    for _ in 0..published.len() {
        let (number, at) = came.recv().await.context("the handler is gone")?;
        if number >= 500 * EACH_MS {
            let from = published[number];
            times.push(at.saturating_duration_since(from).as_secs_f64() * 1e3);
        }
    }
    drop(subscription);
    place.is_alone().await?;
    for percent in [50, 95, 99] {
        let value = percentile(&mut times, percent);
        place.figure(&format!("bus_e2e_p{percent}_ms"), value);
    }
    Ok(())
}
