//! What goes on all the time: consumers start again, one is killed now and then, and somebody is
//! told how far it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use czo_testkit::torture::Dice;
use tokio::sync::Mutex;

use super::book::Book;
use super::crew::Crew;
use super::harm::Harm;

/// How often is looked what is due.
const TICK: Duration = Duration::from_millis(50);

/// How often a consumer is killed, whatever else goes on, in milliseconds.
const KILLS: (u32, u32) = (4_000, 12_000);

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) elapsed: Duration,
    pub(crate) confirmed: u64,
    pub(crate) backlog: usize,
    pub(crate) harms: u64,
    pub(crate) kills: u64,
    /// What goes on.
    pub(crate) now: &'static str,
}

/// What goes on, for whoever watches. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phase {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    now: Lock<Now>,
    harms: AtomicU64,
    /// Of consumers, whatever else went on.
    kills: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Now {
    #[default]
    Pause,
    Harm(Harm),
    /// Nothing is harmed any more, and what is left is to be handled.
    Calm,
}

impl Phase {
    pub(crate) fn harming(&self, harm: Harm) {
        self.set(Now::Harm(harm));
    }

    pub(crate) fn harmed(&self) {
        self.shared.harms.fetch_add(1, Ordering::Relaxed);
        self.set(Now::Pause);
    }

    pub(crate) fn calm(&self) {
        self.set(Now::Calm);
    }

    pub(crate) fn kills(&self) -> u64 {
        self.shared.kills.load(Ordering::Relaxed)
    }

    fn set(&self, now: Now) {
        *self.shared.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn now(&self) -> Now {
        *self.shared.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever watches.
#[derive(Debug)]
pub(crate) struct Watch {
    crew: Arc<Mutex<Crew>>,
    book: Arc<Book>,
    phase: Phase,
    dice: Dice,
    started: Instant,
}

impl Watch {
    pub(crate) fn new(
        crew: &Arc<Mutex<Crew>>,
        book: &Arc<Book>,
        phase: &Phase,
        dice: Dice,
        started: Instant,
    ) -> Self {
        Self { crew: crew.clone(), book: book.clone(), phase: phase.clone(), dice, started }
    }

    /// Returns when a consumer ends by itself.
    pub(crate) async fn attend(&mut self, progress: &impl Fn(Progress)) -> anyhow::Error {
        let mut next_kill = Instant::now() + self.dice.millis(KILLS.0, KILLS.1);
        loop {
            if let Err(error) = self.tick(&mut next_kill).await {
                return error;
            }
            progress(self.progress());
            tokio::time::sleep(TICK).await;
        }
    }

    async fn tick(&mut self, next_kill: &mut Instant) -> Result<()> {
        let mut crew = self.crew.lock().await;
        crew.tick(&mut self.dice)?;
        if *next_kill <= Instant::now() && !matches!(self.phase.now(), Now::Calm) {
            *next_kill = Instant::now() + self.dice.millis(KILLS.0, KILLS.1);
            let was_there_one = crew.kill(&mut self.dice)?;
            self.phase.shared.kills.fetch_add(u64::from(was_there_one), Ordering::Relaxed);
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress {
            elapsed: self.started.elapsed(),
            confirmed: self.book.count_confirmed(),
            backlog: self.book.backlog(),
            harms: self.phase.shared.harms.load(Ordering::Relaxed),
            kills: self.phase.kills(),
            now: match self.phase.now() {
                Now::Pause => "",
                Now::Harm(harm) => harm.name(),
                Now::Calm => "calm",
            },
        }
    }
}
