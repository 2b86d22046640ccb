//! Jobs for people: listed, retried, purged and counted.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use czo_core::{JobCount, JobError, JobFilter, JobId, JobName, JobRecord, JobState};
use czo_redis::Script;
use fred::types::Value;

use super::enqueue::delay;
use super::record::state;
use super::reply::{self, Reply};
use super::scripts;
use super::{RedisJobs, RedisJobsError};

/// How many jobs one script reads or writes: Redis does nothing else meanwhile.
const AT_ONCE: usize = 200;

/// How many lost jobs are looked after before jobs are listed or counted.
const LOST_AT_ONCE: i64 = 1_000;

/// Those of `allowed` that the filter wants.
fn wanted(filter: &JobFilter, allowed: &[JobState]) -> Vec<JobState> {
    let is_wanted = |state: &&JobState| {
        (filter.states.is_empty() || filter.states.contains(state))
            && (filter.finished_for.is_none() || state.is_finished())
    };
    allowed.iter().filter(is_wanted).copied().collect()
}

/// How many states there are, the states, and the names.
fn states_and_names(states: &[JobState], names: &[JobName]) -> Vec<Value> {
    let mut arguments = vec![i64::try_from(states.len()).unwrap_or(i64::MAX).into()];
    arguments.extend(states.iter().map(|state| Value::from(state.as_str())));
    // Of one that is named twice the jobs are there once.
    let names: BTreeSet<_> = names.iter().map(JobName::as_str).collect();
    arguments.extend(names.into_iter().map(Value::from));
    arguments
}

fn count(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

impl RedisJobs {
    pub(super) async fn list_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        let (mut records, mut before) = (Vec::new(), before);
        let page = limit.min(AT_ONCE);
        while records.len() < limit {
            let ids = self.newest(filter, page, before).await?;
            let Some(last) = ids.last() else { break };
            before = Some(*last);
            let (now, found) = self.read(&ids).await?;
            for record in found {
                match record {
                    Ok(record) if filter.matches(&record, now) => records.push(record),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(%error, "a job is passed over where jobs are listed");
                    }
                }
            }
        }
        records.truncate(limit);
        Ok(records)
    }

    /// The newest ids that may be meant, at most so many.
    async fn newest(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobId>, JobError> {
        let mut ids = if filter.ids.is_empty() {
            let before = before.map_or_else(String::new, |id| id.to_string());
            let mut arguments = vec![count(limit), before.into(), LOST_AT_ONCE.into()];
            let states = wanted(filter, &JobState::ALL);
            arguments.extend(states_and_names(&states, &filter.names));
            ids(self.run(scripts::LIST, arguments).await?)?
        } else {
            filter.ids.clone()
        };
        ids.retain(|id| before.is_none_or(|before| *id < before));
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.truncate(limit);
        Ok(ids)
    }

    pub(super) async fn retry_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
    ) -> Result<usize, JobError> {
        let states = wanted(filter, &[JobState::Cancelled, JobState::Dead]);
        let is_meant = |state| i64::from(states.contains(&state)).into();
        let flags = vec![is_meant(JobState::Dead), is_meant(JobState::Cancelled)];
        self.change_ended(scripts::RETRY, &flags, filter, &states, limit).await
    }

    pub(super) async fn purge_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
    ) -> Result<usize, JobError> {
        let states = [JobState::Succeeded, JobState::Cancelled, JobState::Dead];
        self.change_ended(scripts::PURGE, &[], filter, &wanted(filter, &states), limit).await
    }

    /// Lets a script change those that are meant and ended in one of these states, at most so many.
    async fn change_ended(
        &self,
        script: Script,
        flags: &[Value],
        filter: &JobFilter,
        states: &[JobState],
        limit: usize,
    ) -> Result<usize, JobError> {
        let age = filter.finished_for.unwrap_or(Duration::ZERO);
        let change = async |ids: &[JobId]| {
            let mut arguments = vec![delay(age).into()];
            arguments.extend(flags.iter().cloned());
            arguments.extend(ids.iter().map(|id| Value::from(id.to_string())));
            let changed: usize = reply::number(&self.run(script, arguments).await?)?;
            Ok::<_, JobError>(changed)
        };
        let mut changed = 0;
        if !filter.ids.is_empty() {
            let mut meant = filter.clone();
            meant.states = states.to_vec();
            let mut before = None;
            while changed < limit && !states.is_empty() {
                let page = self.list_jobs(&meant, AT_ONCE.min(limit - changed), before).await?;
                let ids: Vec<_> = page.iter().map(|record| record.id).collect();
                let Some(last) = ids.last() else { break };
                before = Some(*last);
                changed += change(&ids).await?;
            }
            return Ok(changed);
        }
        for (name, state) in self.names_and_states(filter, states).await? {
            // Those that the script leaves stay before the others.
            let mut left = 0;
            while changed < limit {
                let at_once = AT_ONCE.min(limit - changed);
                let arguments = vec![
                    state.as_str().into(),
                    name.as_str().into(),
                    delay(age).into(),
                    count(left),
                    count(at_once),
                ];
                let ids = ids(self.run(scripts::ENDED, arguments).await?)?;
                if ids.is_empty() {
                    break;
                }
                let of_these = change(&ids).await?;
                changed += of_these;
                left += ids.len() - of_these.min(ids.len());
            }
        }
        Ok(changed)
    }

    /// The names and states of which there are jobs.
    async fn names_and_states(
        &self,
        filter: &JobFilter,
        states: &[JobState],
    ) -> Result<Vec<(JobName, JobState)>, JobError> {
        let counts = self.count_states(None, states, &filter.names).await?;
        Ok(counts.into_iter().map(|count| (count.name, count.state)).collect())
    }

    pub(super) async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        if filter.ids.is_empty() {
            let states = wanted(filter, &JobState::ALL);
            return self.count_states(filter.finished_for, &states, &filter.names).await;
        }
        let mut counts = HashMap::new();
        for record in self.list_jobs(filter, usize::MAX, None).await? {
            *counts.entry((record.name, record.state)).or_default() += 1;
        }
        let count = |((name, state), jobs)| JobCount { name, state, jobs };
        Ok(sorted(counts.into_iter().map(count).collect()))
    }

    async fn count_states(
        &self,
        finished_for: Option<Duration>,
        states: &[JobState],
        names: &[JobName],
    ) -> Result<Vec<JobCount>, JobError> {
        let age = finished_for.map_or_else(String::new, |age| delay(age).to_string());
        let mut arguments = vec![age.into(), LOST_AT_ONCE.into()];
        arguments.extend(states_and_names(states, names));
        let mut answer = Reply::of(self.run(scripts::COUNTS, arguments).await?)?;
        let mut counts = Vec::new();
        while !answer.is_empty() {
            let name = reply::parse(&answer.text()?, "the name of a job")?;
            let unknown = RedisJobsError::Answer { expected: "the state of a job" };
            let state = state(&answer.text()?).ok_or(unknown)?;
            counts.push(JobCount { name, state, jobs: answer.number()? });
        }
        Ok(sorted(counts))
    }
}

fn sorted(mut counts: Vec<JobCount>) -> Vec<JobCount> {
    let place = |state| JobState::ALL.iter().position(|other| *other == state);
    counts.sort_by(|a, b| (&a.name, place(a.state)).cmp(&(&b.name, place(b.state))));
    counts
}

fn ids(answer: Value) -> Result<Vec<JobId>, RedisJobsError> {
    let mut answer = Reply::of(answer)?;
    let mut ids = Vec::new();
    while !answer.is_empty() {
        ids.push(answer.id()?);
    }
    Ok(ids)
}
