//! Consuming and acknowledging what has waited.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, Result};
use async_trait::async_trait;
use czo_core::{DomainEvent, EventHandler, HandlerError};
use tokio::sync::Notify;

use crate::bare::{self, Letter};
use crate::options::Options;
use crate::place::Place;
use crate::rounds::Measured;

pub(crate) async fn measure(place: &Place, options: &Options) -> Result<()> {
    let (letter, count) = (Letter::same(place).await?, options.messages() * 2);
    let measured = Measured::<2>::of(options.rounds(), async |way| {
        letter.publish_many(count, 1_024).await?;
        let took = match way {
            0 => bare::consume(place, count).await?,
            _ => consume(place, count).await?,
        };
        place.is_alone().await?;
        Ok(count as f64 / took)
    });
    let measured = measured.await?;
    place.figure("bus_consume_ratio", measured.ratio(1, 0));
    place.figure("bus_consume_bare_per_s", measured.median(0));
    place.figure("bus_consume_per_s", measured.median(1));
    Ok(())
}

/// A handler that counts. Says how long that took from the first.
async fn consume(place: &Place, count: usize) -> Result<f64> {
    let counter = Arc::new(Counter { left: AtomicUsize::new(count), ..Counter::default() });
    let subscription = place.subscribe(counter.clone()).await?;
    counter.all.notified().await;
    let took = counter.began.get().context("nothing came")?.elapsed();
    drop(subscription);
    Ok(took.as_secs_f64())
}

#[derive(Default)]
struct Counter {
    left: AtomicUsize,
    began: OnceLock<Instant>,
    all: Notify,
}

#[async_trait]
impl EventHandler for Counter {
    async fn handle(&self, _: Arc<DomainEvent>) -> Result<(), HandlerError> {
        self.began.get_or_init(Instant::now);
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.all.notify_one();
        }
        Ok(())
    }
}
