//! What was read, and what was wrong with it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::truth::{Replaced, staleness};

/// All that was read.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// How long others may show what was replaced, once nothing is harmed any more.
    bound: Duration,
    /// How long a read may take.
    budget: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    figures: Figures,
    /// When what was harmed last was in order again; nothing while something is harmed.
    calm_since: Option<Instant>,
    examples: VecDeque<String>,
}

/// What is printed at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) loads: u64,
    pub(crate) failed_reads: u64,
    pub(crate) late_reads: u64,
    pub(crate) worst_latency: Duration,
    /// The stalest of all reads, those while something was harmed included.
    pub(crate) worst_staleness: Duration,
    /// The stalest of those that began when nothing was harmed for long enough.
    pub(crate) worst_calm_staleness: Duration,
    /// Reads that saw on their own node what had been invalidated there.
    pub(crate) own_stale: u64,
    /// Reads that were stale for longer than the bound.
    pub(crate) too_stale: u64,
    pub(crate) harms: u64,
}

/// A read that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read<'r> {
    pub(crate) node: usize,
    pub(crate) row: usize,
    pub(crate) began: Instant,
    pub(crate) version: Option<u64>,
    pub(crate) replaced: &'r [Replaced],
}

impl Ledger {
    pub(crate) fn new(bound: Duration, budget: Duration) -> Self {
        let state = State { calm_since: Some(Instant::now()), ..State::default() };
        Self { bound, budget, state: Mutex::new(state) }
    }

    /// Something is harmed; `excuses` whoever is stale meanwhile.
    pub(crate) fn harmed(&self, excuses: bool) {
        let mut state = self.lock();
        if excuses {
            state.calm_since = None;
        }
        state.figures.harms += 1;
    }

    pub(crate) fn mended(&self) {
        self.lock().calm_since.get_or_insert_with(Instant::now);
    }

    pub(crate) fn wrote(&self) {
        self.lock().figures.writes += 1;
    }

    pub(crate) fn loaded(&self) {
        self.lock().figures.loads += 1;
    }

    pub(crate) fn read(&self, read: Read<'_>) {
        let Read { node, row, began, version, replaced } = read;
        let took = began.elapsed();
        let stale_for = staleness(replaced, began);
        let mut state = self.lock();
        let calm_since = state.calm_since;
        let figures = &mut state.figures;
        figures.reads += 1;
        figures.worst_latency = figures.worst_latency.max(took);
        let is_late = took > self.budget;
        figures.late_reads += u64::from(is_late);
        let is_failed = version.is_none();
        figures.failed_reads += u64::from(is_failed);
        figures.worst_staleness = figures.worst_staleness.max(stale_for);
        let was_told = |end: &Replaced| end.by == node && end.told_at.is_some_and(|at| at < began);
        let is_own = replaced.iter().any(was_told);
        figures.own_stale += u64::from(is_own);
        // What was replaced while something was harmed counts from when it was in order again.
        let calm_for =
            calm_since.map_or(Duration::ZERO, |since| began.saturating_duration_since(since));
        let since_calm = stale_for.min(calm_for);
        figures.worst_calm_staleness = figures.worst_calm_staleness.max(since_calm);
        let is_too_stale = since_calm > self.bound;
        figures.too_stale += u64::from(is_too_stale);
        if is_own || is_too_stale || is_failed || is_late {
            state.examples.truncate(9);
            state.examples.push_front(format!(
                "node {node}, row {row}, version {version:?}, stale for {stale_for:?}, own {is_own}, took {took:?}"
            ));
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        self.lock().figures.clone()
    }

    /// Some of what was wrong, the last first.
    pub(crate) fn examples(&self) -> Vec<String> {
        self.lock().examples.iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figures {
    /// How often a promise was broken.
    pub(crate) fn violations(&self) -> u64 {
        self.own_stale + self.too_stale + self.late_reads
    }

    /// All figures, in the order in which a person reads them.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        vec![
            ("reads", self.reads),
            ("writes", self.writes),
            ("loads", self.loads),
            ("failed_reads", self.failed_reads),
            ("late_reads", self.late_reads),
            ("worst_latency_ms", millis(self.worst_latency)),
            ("worst_staleness_ms", millis(self.worst_staleness)),
            ("worst_calm_staleness_ms", millis(self.worst_calm_staleness)),
            ("own_stale", self.own_stale),
            ("too_stale", self.too_stale),
            ("violations", self.violations()),
            ("harms", self.harms),
        ]
    }
}
