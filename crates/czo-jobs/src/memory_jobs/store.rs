//! The jobs, and in which order they are looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use czo_core::{
    Claim, ClaimRequest, Enqueued, Finished, JobCount, JobError, JobFilter, JobId, JobName,
    JobRecord, JobState, NewJob, Outcome, Priority, Renewal, RetryPolicy, Standing, SystemIds,
    Ticket,
};

type Time = DateTime<Utc>;

/// A job, and what nobody outside sees.
struct Entry {
    record: JobRecord,
    retry: RetryPolicy,
    fence: u64,
    lease_until: Time,
}

pub(super) struct Store {
    /// By id, so by age.
    jobs: BTreeMap<JobId, Entry>,
    /// Those that wait, in the order they are due.
    due: HashMap<(JobName, Priority), BTreeSet<(Time, JobId)>>,
    /// Those that run, in the order their leases end.
    leases: BTreeSet<(Time, JobId)>,
    /// Those that wait or run under a key.
    unique: HashMap<(JobName, String), JobId>,
    /// Those that ended, in that order; some were purged or wait again since.
    ended: VecDeque<(Time, JobId)>,
    slots: HashMap<JobName, Time>,
    live: usize,
    most_live: usize,
    most_ended: usize,
}

fn later(now: Time, delay: Duration) -> Time {
    // What is later than time goes is never.
    let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(delay).unwrap_or(Time::MAX_UTC)
}

impl Store {
    pub(super) fn new(most_live: usize, most_ended: usize) -> Self {
        Self {
            jobs: BTreeMap::new(),
            due: HashMap::new(),
            leases: BTreeSet::new(),
            unique: HashMap::new(),
            ended: VecDeque::new(),
            slots: HashMap::new(),
            live: 0,
            most_live,
            most_ended,
        }
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    pub(super) fn enqueue(
        &mut self,
        jobs: Vec<NewJob>,
        now: Time,
    ) -> Result<Vec<Enqueued>, JobError> {
        // A few that are there already count too: a queue so full is full.
        if self.live.saturating_add(jobs.len()) > self.most_live {
            return Err(JobError::Full { waiting: self.live });
        }
        Ok(jobs.into_iter().map(|job| self.add(job, now)).collect())
    }

    fn add(&mut self, job: NewJob, now: Time) -> Enqueued {
        let key = job.unique.clone().map(|key| (job.name.clone(), key));
        if let Some(existing) = key.as_ref().and_then(|key| self.unique.get(key)) {
            return Enqueued::existing(*existing);
        }
        let id = JobId::generate(&SystemIds);
        let record = JobRecord {
            id,
            name: job.name,
            state: JobState::Waiting,
            priority: job.priority,
            attempts: 0,
            max_attempts: job.retry.attempts(),
            enqueued_at: now,
            run_at: later(now, job.after),
            started_at: None,
            finished_at: None,
            progress: None,
            reason: None,
            is_cancelling: false,
            worker: None,
            unique: job.unique,
            context: job.context,
            payload: job.payload,
        };
        let entry = Entry { record, retry: job.retry, fence: 0, lease_until: now };
        self.jobs.insert(id, entry);
        self.wait(id);
        Enqueued::new(id)
    }

    /// A job that is in no list waits.
    fn wait(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        let record = &mut entry.record;
        record.state = JobState::Waiting;
        record.finished_at = None;
        let key = (record.name.clone(), record.priority);
        self.due.entry(key).or_default().insert((record.run_at, id));
        if let Some(unique) = &record.unique {
            self.unique.insert((record.name.clone(), unique.clone()), id);
        }
        self.live += 1;
    }

    /// A job that waits or runs is in no list any more.
    fn take(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let record = &entry.record;
        self.leases.remove(&(entry.lease_until, id));
        if let Some(due) = self.due.get_mut(&(record.name.clone(), record.priority)) {
            due.remove(&(record.run_at, id));
        }
        if let Some(unique) = &record.unique {
            self.unique.remove(&(record.name.clone(), unique.clone()));
        }
        self.live -= 1;
    }

    /// A job that is in no list has ended.
    fn end(&mut self, id: JobId, state: JobState, now: Time) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.record.state = state;
        entry.record.finished_at = Some(now);
        self.ended.push_back((now, id));
        while self.ended.len() > self.most_ended {
            let Some((at, id)) = self.ended.pop_front() else { return };
            if self.jobs.get(&id).is_some_and(|entry| entry.record.finished_at == Some(at)) {
                self.jobs.remove(&id);
            }
        }
    }

    pub(super) fn get(&self, id: JobId) -> Option<&JobRecord> {
        self.jobs.get(&id).map(|entry| &entry.record)
    }

    pub(super) fn cancel(&mut self, id: JobId, now: Time) -> Option<JobState> {
        let record = &mut self.jobs.get_mut(&id)?.record;
        match record.state {
            JobState::Waiting => {
                self.take(id);
                self.end(id, JobState::Cancelled, now);
                Some(JobState::Cancelled)
            }
            JobState::Running => {
                record.is_cancelling = true;
                Some(JobState::Running)
            }
            ended => Some(ended),
        }
    }

    pub(super) fn claim(&mut self, request: &ClaimRequest, now: Time) -> Vec<Claim> {
        self.free_lost(now);
        let mut claims = Vec::new();
        for priority in Priority::ALL {
            while claims.len() < request.limit {
                let Some((_, id)) = self.first_due(&request.names, priority, now) else { break };
                claims.extend(self.give(id, request, now));
            }
        }
        claims
    }

    fn first_due(&self, names: &[JobName], priority: Priority, now: Time) -> Option<(Time, JobId)> {
        let first = |name: &JobName| self.due.get(&(name.clone(), priority))?.first();
        names.iter().filter_map(first).min().copied().filter(|(at, _)| *at <= now)
    }

    fn give(&mut self, id: JobId, request: &ClaimRequest, now: Time) -> Option<Claim> {
        let entry = self.jobs.get_mut(&id)?;
        let record = &mut entry.record;
        if let Some(due) = self.due.get_mut(&(record.name.clone(), record.priority)) {
            due.remove(&(record.run_at, id));
        }
        record.state = JobState::Running;
        record.attempts += 1;
        record.started_at = Some(now);
        record.worker = Some(request.worker.clone());
        record.progress = None;
        entry.fence += 1;
        entry.lease_until = later(now, request.lease);
        self.leases.insert((entry.lease_until, id));
        Some(Claim {
            ticket: Ticket { id, fence: entry.fence },
            name: record.name.clone(),
            payload: record.payload.clone(),
            attempt: record.attempts,
            retry: entry.retry.clone(),
            priority: record.priority,
            context: record.context.clone(),
        })
    }

    /// Lets the jobs of lost workers wait again.
    fn free_lost(&mut self, now: Time) {
        while let Some(lease) = self.leases.first().copied().filter(|(until, _)| *until <= now) {
            let (_, id) = lease;
            self.leases.remove(&lease);
            self.take(id);
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            entry.record.reason = Some("its worker was lost".to_owned());
            if entry.record.is_cancelling {
                self.end(id, JobState::Cancelled, now);
            } else {
                self.wait(id);
            }
        }
    }

    /// The job, if this ticket is good.
    fn held(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        let is_held = |entry: &&mut Entry| {
            entry.record.state == JobState::Running && entry.fence == ticket.fence
        };
        self.jobs.get_mut(&ticket.id).filter(is_held)
    }

    pub(super) fn renew(&mut self, renewal: &Renewal, until: Time) -> Standing {
        let id = renewal.ticket.id;
        let Some(entry) = self.held(renewal.ticket) else { return Standing::Lost };
        let before = std::mem::replace(&mut entry.lease_until, until);
        if renewal.progress.is_some() {
            entry.record.progress.clone_from(&renewal.progress);
        }
        let is_cancelling = entry.record.is_cancelling;
        self.leases.remove(&(before, id));
        self.leases.insert((until, id));
        if is_cancelling { Standing::Cancelling } else { Standing::Held }
    }

    /// Whether the attempt was the worker's.
    pub(super) fn finish(&mut self, attempt: &Finished, now: Time) -> bool {
        let id = attempt.ticket.id;
        if self.held(attempt.ticket).is_none() {
            return false;
        }
        self.take(id);
        let Some(Entry { record, .. }) = self.jobs.get_mut(&id) else { return false };
        if attempt.progress.is_some() {
            record.progress.clone_from(&attempt.progress);
        }
        if let Outcome::Retry { reason, .. } | Outcome::Dead { reason } = &attempt.outcome {
            record.reason = Some(reason.clone());
        }
        let state = match &attempt.outcome {
            Outcome::Succeeded => JobState::Succeeded,
            _ if record.is_cancelling => JobState::Cancelled,
            Outcome::Cancelled => JobState::Cancelled,
            Outcome::Dead { .. } => JobState::Dead,
            Outcome::Retry { after, .. } => {
                record.run_at = later(now, *after);
                JobState::Waiting
            }
            Outcome::Released => {
                record.attempts -= 1;
                JobState::Waiting
            }
        };
        if state == JobState::Waiting {
            self.wait(id)
        } else {
            self.end(id, state, now)
        }
        true
    }

    pub(super) fn next_due(&self, names: &[JobName]) -> Option<Time> {
        let keys = names.iter().flat_map(|name| Priority::ALL.map(|level| (name.clone(), level)));
        let first = |key| self.due.get(&key)?.first();
        keys.filter_map(first).map(|(at, _)| *at).min()
    }

    /// Those that are meant, the newest first.
    fn meant<'s>(
        &'s self,
        filter: &'s JobFilter,
        now: Time,
    ) -> impl DoubleEndedIterator<Item = &'s JobRecord> {
        let records = self.jobs.values().map(|entry| &entry.record);
        records.filter(move |record| filter.matches(record, now)).rev()
    }

    pub(super) fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
        now: Time,
    ) -> Vec<JobRecord> {
        let is_before = |record: &&JobRecord| before.is_none_or(|before| record.id < before);
        self.meant(filter, now).filter(is_before).take(limit).cloned().collect()
    }

    pub(super) fn retry(&mut self, filter: &JobFilter, limit: usize, now: Time) -> usize {
        let may =
            |record: &&JobRecord| matches!(record.state, JobState::Dead | JobState::Cancelled);
        let ids: Vec<_> =
            self.meant(filter, now).filter(may).map(|record| record.id).rev().collect();
        let mut retried = 0;
        for id in ids {
            let Some(Entry { record, .. }) = self.jobs.get_mut(&id) else { continue };
            let key = record.unique.clone().map(|key| (record.name.clone(), key));
            if retried == limit || key.is_some_and(|key| self.unique.contains_key(&key)) {
                continue;
            }
            record.attempts = 0;
            record.run_at = now;
            record.started_at = None;
            record.progress = None;
            record.is_cancelling = false;
            self.wait(id);
            retried += 1;
        }
        retried
    }

    pub(super) fn purge(&mut self, filter: &JobFilter, limit: usize, now: Time) -> usize {
        let may = |record: &&JobRecord| record.state.is_finished();
        let ids: Vec<_> =
            self.meant(filter, now).filter(may).map(|record| record.id).take(limit).collect();
        for id in &ids {
            self.jobs.remove(id);
        }
        ids.len()
    }

    pub(super) fn counts(&self, filter: &JobFilter, now: Time) -> Vec<JobCount> {
        let mut counts = Vec::new();
        let mut by_name: BTreeMap<&JobName, [u64; JobState::ALL.len()]> = BTreeMap::new();
        for record in self.meant(filter, now) {
            let place = JobState::ALL.iter().position(|state| *state == record.state);
            if let Some(count) =
                place.and_then(|place| by_name.entry(&record.name).or_default().get_mut(place))
            {
                *count += 1;
            }
        }
        for (name, by_state) in by_name {
            for (state, jobs) in JobState::ALL.into_iter().zip(by_state) {
                if jobs > 0 {
                    counts.push(JobCount { name: name.clone(), state, jobs });
                }
            }
        }
        counts
    }

    pub(super) fn last_slot(&mut self, schedule: &JobName, now: Time) -> Time {
        *self.slots.entry(schedule.clone()).or_insert(now)
    }

    pub(super) fn enqueue_slot(
        &mut self,
        schedule: &JobName,
        slot: Time,
        job: NewJob,
        now: Time,
    ) -> Result<Option<Enqueued>, JobError> {
        if self.slots.get(schedule).is_some_and(|last| *last >= slot) {
            return Ok(None);
        }
        let enqueued = self.enqueue(vec![job], now)?;
        self.slots.insert(schedule.clone(), slot);
        Ok(enqueued.first().copied())
    }
}
