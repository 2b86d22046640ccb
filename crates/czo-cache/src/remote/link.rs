//! Keeps a session with the store, as long as the cache is there.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::{Live, Remote};
use crate::shared::Shared;
use crate::store::{Invalidation, Notice, Opened, StoreError};
use crate::timeline::{Tick, ticks};

/// The first pause before another session is tried; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many beats are sent in the time that memory is believed without one.
const BEATS: u32 = 4;

/// What has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody has the cache any more.
    Cache,
    Session,
    /// A session that was of no use: the store could not be told what it is to be told.
    BeforeItBegan,
}

/// Keeps a session with the store until the cache is dropped.
pub(crate) async fn keep_linked(shared: Weak<Shared>) {
    let (mut pause, mut is_told) = (FIRST_PAUSE, false);
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let Some(remote) = strong.remote.clone() else { return };
        // Before it is asked: whatever it answers was so by then.
        let asked_at = strong.timeline.now();
        drop(strong);
        let problem = match remote.store.open(remote.node).await {
            Ok(opened) => match session(&shared, &remote, opened, asked_at, is_told).await {
                Ended::Cache => return,
                Ended::Session => {
                    (pause, is_told) = (FIRST_PAUSE, false);
                    "its session with the store has ended".to_owned()
                }
                Ended::BeforeItBegan => "the store takes no invalidations".to_owned(),
            },
            Err(error) => czo_core::describe(&error),
        };
        if shared.strong_count() == 0 {
            return;
        }
        // Whoever runs it is told once.
        if !is_told {
            tracing::warn!(problem, "the cache of this process is by itself for now");
            is_told = true;
        }
        if let Some(live) = remote.live() {
            remote.end(&live);
        }
        drop(remote);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One session, from its beginning to its end.
async fn session(
    shared: &Weak<Shared>,
    remote: &Arc<Remote>,
    opened: Opened,
    asked_at: Tick,
    was_alone: bool,
) -> Ended {
    let Opened { session, mut notices, generation } = opened;
    let live = Arc::new(Live {
        number: remote.sessions.fetch_add(1, Ordering::Relaxed) + 1,
        session,
        failures: AtomicU32::new(0),
        generation: AtomicU64::new(generation),
    });
    let mut beats = Beats::new(generation);
    let mut interval =
        tokio::time::interval(remote.bound().max(Duration::from_millis(100)) / BEATS);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if !begin(shared, remote, &live, asked_at).await {
        return Ended::BeforeItBegan;
    }
    if was_alone {
        tracing::info!("the cache of this process is shared again");
    }
    loop {
        let is_current = remote.live().is_some_and(|current| Arc::ptr_eq(&current, &live));
        if !is_current {
            return Ended::Session;
        }
        tokio::select! {
            () = remote.changed.notified() => {}
            notice = notices.recv() => {
                let Some(shared) = shared.upgrade() else { return Ended::Cache };
                if !beats.heard(&shared, remote, &live, notice, &mut notices) {
                    return Ended::Session;
                }
            }
            _ = interval.tick() => {
                let Some(shared) = shared.upgrade() else { return Ended::Cache };
                let now = shared.timeline.now();
                if beats.last > 0 && !remote.is_in_touch(now) {
                    // It may answer, and what others invalidate not arrive all the same.
                    tracing::debug!("notices do not arrive in time");
                    return Ended::Session;
                }
                let number = beats.sent(now);
                let (remote, live) = (remote.clone(), live.clone());
                // Notices are heard meanwhile.
                tokio::spawn(async move {
                    let answer = live.session.beat(number).await;
                    let _ = remote.judge(&live, &shared.stats, answer);
                });
            }
        }
    }
}

/// Tells the store what it is still to be told, and lets the session be used then.
async fn begin(
    shared: &Weak<Shared>,
    remote: &Arc<Remote>,
    live: &Arc<Live>,
    asked_at: Tick,
) -> bool {
    let until = asked_at.saturating_add(ticks(remote.bound()));
    loop {
        // All at once: others come meanwhile, and they are to become fewer.
        let tell = async |(what, number): (Invalidation, u64)| {
            live.saw(live.session.invalidate(&what).await?);
            remote.pending.told(&what, number);
            Ok::<_, StoreError>(())
        };
        if let Err(error) = try_join_all(remote.pending.all().into_iter().map(tell)).await {
            tracing::debug!(error = czo_core::describe(&error), "the store is not told");
            return false;
        }
        let Some(shared) = shared.upgrade() else { return false };
        let is_told = remote.pending.if_empty(|| {
            // Whatever was missed before may concern anything.
            shared.scopes.invalidate("all");
            remote.current.store(Some(live.clone()));
            remote.in_touch_until.fetch_max(until, Ordering::AcqRel);
        });
        if is_told {
            return true;
        }
    }
}

/// What was heard and what must be heard next.
struct Beats {
    last: u64,
    /// The generation of the last notice.
    generation: u64,
    /// When the last beats were sent, by number.
    sent: Vec<(u64, Tick)>,
}

impl Beats {
    fn new(generation: u64) -> Self {
        Self { last: 0, generation, sent: Vec::new() }
    }

    fn sent(&mut self, now: Tick) -> u64 {
        self.last += 1;
        self.sent.push((self.last, now));
        // Those that were not answered for long never are.
        let first = self.sent.len().saturating_sub(64);
        self.sent.drain(..first);
        self.last
    }

    /// Takes what has arrived; false when something did not.
    fn heard(
        &mut self,
        shared: &Shared,
        remote: &Remote,
        live: &Live,
        first: Option<Notice>,
        more: &mut mpsc::Receiver<Notice>,
    ) -> bool {
        let mut next = first;
        while let Some(notice) = next {
            if !self.takes(shared, remote, live, notice) {
                return false;
            }
            next = match more.try_recv() {
                Ok(notice) => Some(notice),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => None,
            };
        }
        false
    }

    fn takes(&mut self, shared: &Shared, remote: &Remote, live: &Live, notice: Notice) -> bool {
        match notice {
            Notice::Invalidated { generation, what } => {
                if generation != self.generation + 1 {
                    tracing::debug!(generation, after = self.generation, "a notice is missing");
                    return false;
                }
                self.generation = generation;
                if let Invalidation::Scope(scope) = &what
                    && let Some(scope) = shared.scopes.find(scope)
                {
                    scope.set_remote(live.number, generation);
                }
                live.saw(generation);
                // Its own too: of what this process writes at once, the store knows the order.
                shared.apply(&what);
                true
            }
            Notice::Beat { number, generation } => {
                if generation != self.generation {
                    tracing::debug!(generation, after = self.generation, "a notice is missing");
                    return false;
                }
                let sent = self.sent.iter().find(|(sent, _)| *sent == number);
                if let Some((_, tick)) = sent {
                    let until = tick.saturating_add(ticks(remote.bound()));
                    remote.in_touch_until.fetch_max(until, Ordering::AcqRel);
                }
                true
            }
        }
    }
}
