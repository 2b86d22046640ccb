//! Takes jobs, begins them, and ends in good order.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{Claim, ClaimRequest, Finished, JobError, JobName, JobSource, Outcome, describe};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{Attempt, lost_too_often};
use super::finisher::{self, Untold};
use super::held::HeldJobs;
use super::runner::Runner;
use super::{Drained, Options, keeper, waiting};

/// For how long a worker may have work in advance.
const AHEAD: Duration = Duration::from_millis(50);

/// How many jobs it has in advance at most.
const MOST_AHEAD: usize = 256;

/// For how long jobs that were taken in advance may wait for one of them to begin.
const STALE: Duration = Duration::from_secs(1);

/// The shortest time that a claim is waited for.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// How many ends may be untold before it takes no more.
const MOST_UNTOLD: usize = 2_000;

/// How long it waits for handlers that were dropped, and for the last ends to be told.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// What a worker is doing about the next jobs.
enum Taking {
    Nothing,
    Claiming(BoxFuture<'static, (Result<Vec<Claim>, JobError>, Instant)>),
    Waiting(BoxFuture<'static, ()>),
}

impl Taking {
    /// What it was about has come. Never, while it does nothing.
    async fn done(&mut self) -> Option<(Result<Vec<Claim>, JobError>, Instant)> {
        match self {
            Self::Nothing => std::future::pending().await,
            Self::Claiming(claims) => Some(claims.await),
            Self::Waiting(waiting) => {
                waiting.await;
                None
            }
        }
    }
}

pub(super) struct Supervisor {
    source: Arc<dyn JobSource>,
    runners: HashMap<JobName, Arc<dyn Runner>>,
    names: Vec<JobName>,
    options: Options,
    held: Arc<HeldJobs>,
    untold: Arc<Untold>,
    ends: mpsc::UnboundedSender<Finished>,
    ended: Option<mpsc::UnboundedReceiver<Finished>>,
    ready: VecDeque<Claim>,
    running: JoinSet<Duration>,
    /// When one of those that are ready began, or came.
    moved: Instant,
    /// How long a job takes, of late.
    usual: Duration,
    /// How often nothing was found in a row.
    idle: u32,
}

impl Supervisor {
    pub(super) fn new(
        source: Arc<dyn JobSource>,
        runners: HashMap<JobName, Arc<dyn Runner>>,
        options: Options,
    ) -> Self {
        let (ends, ended) = mpsc::unbounded_channel();
        let mut names: Vec<_> = runners.keys().cloned().collect();
        names.sort();
        Self {
            source,
            runners,
            names,
            options,
            held: Arc::default(),
            untold: Arc::default(),
            ends,
            ended: Some(ended),
            ready: VecDeque::new(),
            running: JoinSet::new(),
            moved: Instant::now(),
            // Nothing is known: nothing is taken in advance.
            usual: AHEAD,
            idle: 0,
        }
    }

    pub(super) async fn run(mut self, shutdown: impl Future<Output = ()> + Send) -> Drained {
        let mut helpers = JoinSet::new();
        helpers.spawn(keeper::keep(self.source.clone(), self.held.clone(), self.options.lease));
        if let Some(admin) = self.options.waiting.clone() {
            helpers.spawn(waiting::count(admin, self.names.clone()));
        }
        let mut telling = JoinSet::new();
        if let Some(ended) = self.ended.take() {
            let (source, untold) = (self.source.clone(), self.untold.clone());
            telling.spawn(finisher::tell(source, ended, untold, self.options.lease / 3));
        }
        let taking = self.work(shutdown).await;
        let drained = self.drain(taking).await;
        // What is not told now is so when the lease is over.
        drop(self);
        let told = async { while telling.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_PATIENCE, told).await.is_err() {
            tracing::warn!("the ends of some jobs were not told");
        }
        drained
    }

    /// Works until the end is near.
    async fn work(&mut self, shutdown: impl Future<Output = ()> + Send) -> Taking {
        let mut shutdown = pin!(shutdown);
        let mut taking = Taking::Nothing;
        let untold = self.untold.clone();
        loop {
            self.begin_ready();
            if matches!(taking, Taking::Nothing) {
                taking = self.take_more();
            }
            let is_choked = matches!(taking, Taking::Nothing) && untold.count() >= MOST_UNTOLD;
            tokio::select! {
                biased;
                () = &mut shutdown => return taking,
                taken = taking.done() => {
                    taking = self.taken(taken);
                }
                Some(took) = self.running.join_next() => self.one_ended(took),
                () = tokio::time::sleep_until(self.moved + STALE), if !self.ready.is_empty() => {
                    self.give_back();
                    // Nothing is taken in advance until jobs are short again.
                    self.usual = self.usual.max(AHEAD);
                }
                () = untold.some_told(), if is_choked => {}
            }
        }
    }

    /// Begins what is there, as far as there is room.
    fn begin_ready(&mut self) {
        while let Some(took) = self.running.try_join_next() {
            self.one_ended(took);
        }
        while self.running.len() < self.options.concurrency {
            let Some(claim) = self.ready.pop_front() else { return };
            let Some(runner) = self.runners.get(&claim.name).cloned() else { continue };
            let (held, grace) = (self.held.clone(), self.options.grace);
            let (ends, untold) = (self.ends.clone(), self.untold.clone());
            let attempt = Attempt { claim, runner, held, grace };
            self.moved = Instant::now();
            self.running.spawn(async move {
                let started = Instant::now();
                if let Some(finished) = attempt.run().await {
                    untold.add();
                    // The other end goes last.
                    let _ = ends.send(finished);
                }
                started.elapsed()
            });
        }
    }

    fn one_ended(&mut self, took: Result<Duration, tokio::task::JoinError>) {
        match took {
            Ok(took) => self.usual = (self.usual * 15 + took) / 16,
            Err(error) => tracing::error!(%error, "the task of a job failed"),
        }
    }

    /// How many jobs to have in advance.
    fn ahead(&self) -> usize {
        let rounds = AHEAD.as_micros() / self.usual.as_micros().max(1);
        let rounds = usize::try_from(rounds).unwrap_or(MOST_AHEAD);
        // A job that takes as long as that is not taken away from others.
        rounds.saturating_sub(1).saturating_mul(self.options.concurrency).min(MOST_AHEAD)
    }

    /// Asks for more, when there is room for a good part of what it may hold.
    fn take_more(&self) -> Taking {
        let most = self.options.concurrency + self.ahead();
        let has = self.running.len() + self.ready.len();
        let is_low = self.ready.len() <= self.ahead() / 2;
        if self.names.is_empty() || has >= most || !is_low || self.untold.count() >= MOST_UNTOLD {
            return Taking::Nothing;
        }
        let (source, options) = (self.source.clone(), &self.options);
        let patience = LEAST_PATIENCE.max(options.lease / 3);
        let request =
            ClaimRequest::new(self.names.clone(), most - has, options.name.clone(), options.lease);
        Taking::Claiming(Box::pin(async move {
            let since = Instant::now();
            let claims = tokio::time::timeout(patience, source.claim(&request)).await;
            (claims.unwrap_or_else(|late| Err(JobError::Unavailable(Box::new(late)))), since)
        }))
    }

    /// Keeps what came, or waits when nothing did.
    fn taken(&mut self, taken: Option<(Result<Vec<Claim>, JobError>, Instant)>) -> Taking {
        let (source, names) = (self.source.clone(), self.names.clone());
        match taken {
            None => return Taking::Nothing,
            Some((Ok(claims), since)) if !claims.is_empty() => {
                self.idle = 0;
                self.keep(claims, since);
                return Taking::Nothing;
            }
            Some((Ok(_), _)) => {}
            Some((Err(error), _)) => {
                tracing::warn!(error = describe(&error), "no jobs can be taken");
                // As one who found nothing for long.
                let pause = Duration::from_millis(100) * (self.idle + 1).min(10);
                self.idle = self.idle.saturating_add(1);
                return Taking::Waiting(Box::pin(tokio::time::sleep(pause)));
            }
        }
        let idle = self.idle;
        self.idle = self.idle.saturating_add(1);
        Taking::Waiting(Box::pin(async move { source.wait(&names, idle).await }))
    }

    fn keep(&mut self, claims: Vec<Claim>, since: Instant) {
        if self.ready.is_empty() {
            self.moved = Instant::now();
        }
        for claim in claims {
            match lost_too_often(&claim) {
                Some(finished) => self.tell(finished),
                None => {
                    self.held.add(claim.ticket, since);
                    self.ready.push_back(claim);
                }
            }
        }
    }

    fn tell(&self, finished: Finished) {
        self.untold.add();
        // The other end goes last.
        let _ = self.ends.send(finished);
    }

    /// Gives back what has not begun, and says how many that were.
    fn give_back(&mut self) -> usize {
        let ready = std::mem::take(&mut self.ready);
        for Claim { ticket, .. } in &ready {
            self.held.remove(*ticket);
            let outcome = Outcome::Released;
            self.tell(Finished { ticket: *ticket, outcome, progress: None });
        }
        ready.len()
    }

    /// Gives back what has not begun, and waits for what has.
    async fn drain(&mut self, mut taking: Taking) -> Drained {
        let deadline = Instant::now() + self.options.drain;
        if let Taking::Claiming(_) = &taking
            // A claim that is dropped would keep its jobs from others for the length of a lease.
            && let Ok(Some((Ok(claims), since))) =
                tokio::time::timeout(LAST_PATIENCE, taking.done()).await
        {
            self.keep(claims, since);
        }
        let mut drained = Drained { returned: self.give_back(), ..Drained::default() };
        while let Some(took) = self.running.try_join_next() {
            self.one_ended(took);
        }
        let jobs = self.running.len();
        if jobs > 0 {
            let (plural, most) = (if jobs == 1 { "" } else { "s" }, self.options.drain.as_secs());
            tracing::info!(jobs, "waiting for {jobs} job{plural}, at most {most} s");
        }
        if self.all_ended(deadline).await {
            return drained;
        }
        drained.aborted = self.running.len();
        tracing::warn!(jobs = drained.aborted, "jobs are dropped: the worker has to end");
        self.held.release();
        if !self.all_ended(Instant::now() + LAST_PATIENCE).await {
            drained.stuck = self.running.len();
            tracing::error!(jobs = drained.stuck, "handlers block their threads");
            self.running.detach_all();
        }
        drained
    }

    /// Waits for what runs; whether all of it has ended.
    async fn all_ended(&mut self, deadline: Instant) -> bool {
        let ended = async { while self.running.join_next().await.is_some() {} };
        tokio::time::timeout_at(deadline, ended).await.is_ok()
    }
}
