//! Typed events to handlers that are ready.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use czo_core::HandlerError;
use czo_events::EventEmitter;
use tokio::sync::broadcast;

use crate::{Error, figure, median};

/// How many events a turn has.
const TURN: u32 = 2_000;

/// How many handlers the emitter with many has.
const MANY: u32 = 11;

/// What is told.
#[derive(Debug)]
struct Priced {
    cents: u64,
}

/// What a handler does: as little as can be seen.
fn handle(sum: &AtomicU64, event: &Priced) -> Result<(), HandlerError> {
    sum.fetch_add(event.cents, Ordering::Relaxed);
    Ok(())
}

fn emitter(handlers: u32, sum: &Arc<AtomicU64>) -> EventEmitter {
    let emitter = EventEmitter::new();
    for _ in 0..handlers {
        let sum = sum.clone();
        let handler = move |event: Arc<Priced>| std::future::ready(handle(&sum, &event));
        emitter.on(handler).detach();
    }
    emitter
}

fn sync_emitter(handlers: u32, sum: &Arc<AtomicU64>) -> EventEmitter {
    let emitter = EventEmitter::new();
    for _ in 0..handlers {
        let sum = sum.clone();
        emitter.on_sync(move |event: &Priced| handle(&sum, event)).detach();
    }
    emitter
}

trait Direct {
    fn call(&self, event: &Priced) -> Result<(), HandlerError>;
}

struct Adds(Arc<AtomicU64>);

impl Direct for Adds {
    fn call(&self, event: &Priced) -> Result<(), HandlerError> {
        handle(&self.0, event)
    }
}

/// One turn of an emitter, in nanoseconds an event.
async fn turn(emitter: &EventEmitter, handlers: u32) -> Result<f64, Error> {
    let start = Instant::now();
    for cents in 0..TURN {
        let report = emitter.emit(Priced { cents: u64::from(cents) }).await;
        if report.handled != handlers as usize || !report.is_ok() {
            return Err("a handler was not called".into());
        }
    }
    Ok(each(start))
}

fn each(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TURN)
}

pub(crate) async fn measure(rounds: usize) -> Result<(), Error> {
    eprintln!("emitting");
    let sum = Arc::new(AtomicU64::new(0));
    let (one, many) = (emitter(1, &sum), emitter(MANY, &sum));
    let (one_sync, many_sync) = (sync_emitter(1, &sum), sync_emitter(MANY, &sum));
    let nobody = EventEmitter::new();
    let direct: Box<dyn Direct> = black_box(Box::new(Adds(sum.clone())));
    let (sender, mut receiver) = broadcast::channel::<Arc<Priced>>(4);

    let mut took: [Vec<f64>; 7] = Default::default();
    for round in 0..=rounds {
        let start = Instant::now();
        for cents in 0..TURN {
            direct.call(black_box(&Priced { cents: u64::from(cents) }))?;
        }
        let direct = each(start);
        let start = Instant::now();
        for cents in 0..TURN {
            sender.send(Arc::new(Priced { cents: u64::from(cents) }))?;
            handle(&sum, &*receiver.try_recv()?)?;
        }
        let broadcast = each(start);
        let measured = [
            direct,
            broadcast,
            turn(&nobody, 0).await?,
            turn(&one, 1).await?,
            turn(&many, MANY).await?,
            turn(&one_sync, 1).await?,
            turn(&many_sync, MANY).await?,
        ];
        if round > 0 {
            took.iter_mut().zip(measured).for_each(|(all, took)| all.push(took));
        }
    }
    let further = |one: &[f64], many: &[f64]| {
        let more = one.iter().zip(many).map(|(one, many)| (many - one) / f64::from(MANY - 1));
        median(more.collect())
    };
    let [direct, broadcast, nobody_took, async_took, many_async, one_took, many_took] = took;
    // A handler that is ready is registered by `on_sync`.
    figure("events_emit_each_further_ns", further(&one_took, &many_took));
    figure("events_emit_one_ns", median(one_took));
    figure("events_emit_each_further_async_ns", further(&async_took, &many_async));
    figure("events_emit_one_async_ns", median(async_took));
    figure("events_emit_nobody_ns", median(nobody_took));
    figure("events_dyn_call_ns", median(direct));
    figure("events_tokio_broadcast_ns", median(broadcast));
    Ok(())
}
