//! Asks a server as fast as it answers, and keeps the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::connection::{Call, Connection, Target};
use crate::random::Random;

/// How many connections ask at the same time.
const CONNECTIONS: u64 = 16;

/// How long is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The time at the start that does not count: connections open, caches fill.
    pub(crate) warm_up: Duration,
    /// The time after it.
    pub(crate) counted: Duration,
}

/// Questions to choose from.
#[derive(Clone, Debug)]
pub(crate) struct Calls(Arc<[Call]>);

/// What was answered within a window.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Shortest first; never empty.
    latencies: Vec<Duration>,
    counted: Duration,
}

impl Calls {
    pub(crate) fn of(calls: Vec<Call>) -> Self {
        Self(calls.into())
    }

    /// Always the same question.
    pub(crate) fn same(call: Call) -> Self {
        Self::of(vec![call])
    }
}

/// Asks questions at random on sixteen connections at once.
pub(crate) async fn parallel(target: &Target, calls: &Calls, window: Window) -> Result<Measured> {
    let mut workers = JoinSet::new();
    for seed in 0..CONNECTIONS {
        let connection = Connection::open(target).await?;
        let (calls, mut random) = (calls.clone(), Random::of_seed(seed));
        let next = move || random.pick(&calls.0).clone();
        workers.spawn(ask_on_and_on(connection, next, window));
    }
    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.append(&mut worker??);
    }
    Measured::of(latencies, window)
}

/// Asks one question after the other on one connection.
pub(crate) async fn sequential(
    target: &Target,
    next: impl FnMut() -> Call,
    window: Window,
) -> Result<Measured> {
    let connection = Connection::open(target).await?;
    Measured::of(ask_on_and_on(connection, next, window).await?, window)
}

/// The time of every answer that came within the window; making the questions is not part of it.
async fn ask_on_and_on(
    mut connection: Connection,
    mut next: impl FnMut() -> Call,
    window: Window,
) -> Result<Vec<Duration>> {
    let counted_from = Instant::now() + window.warm_up;
    let end = counted_from + window.counted;
    let mut latencies = Vec::new();
    loop {
        let call = next();
        let asked = Instant::now();
        connection.ask(&call).await?;
        let answered = Instant::now();
        if answered >= end {
            return Ok(latencies);
        }
        if answered >= counted_from {
            latencies.push(answered - asked);
        }
    }
}

impl Measured {
    fn of(mut latencies: Vec<Duration>, window: Window) -> Result<Self> {
        let counted = window.counted;
        ensure!(!latencies.is_empty(), "nothing was answered within {counted:?}");
        latencies.sort_unstable();
        Ok(Self { latencies, counted })
    }

    /// Answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.counted.as_secs_f64()
    }

    /// The time within which so many percent of the answers came, in milliseconds.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let last = self.latencies.len() - 1;
        let place = (self.latencies.len() * percent / 100).min(last);
        self.latencies[place].as_secs_f64() * 1_000.0
    }
}
