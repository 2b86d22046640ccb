//! `jobs`

use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use czo_core::{JobAdmin, JobFilter, JobId, JobName, JobQueue, JobRecord, JobState, Progress};

use super::confirm::confirm;
use super::moment::Moment;
use super::output::{how_many, one_line, print, print_json, print_note, print_table};
use crate::{Application, JobsProvider, RuntimeError};

/// How many jobs one step changes.
const BATCH: usize = 1_000;

/// The states that a job stays in.
const ENDED: [JobState; 3] = [JobState::Succeeded, JobState::Cancelled, JobState::Dead];

/// Look at the jobs that are done in the background, and clear up.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List jobs, newest first
    List {
        /// Only jobs in this state
        #[arg(long, value_parser = one_of(&JobState::ALL))]
        state: Option<JobState>,
        /// Only jobs of this name
        #[arg(long)]
        name: Option<JobName>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Print JSON, with payloads
        #[arg(long)]
        json: bool,
    },
    /// Show one job
    Show {
        /// The job
        id: JobId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Do a dead or cancelled job after all, or all that are dead
    Retry(Retry),
    /// Cancel a job: one that waits at once, one that runs as soon as its worker hears of it
    Cancel {
        /// The job
        id: JobId,
    },
    /// Delete jobs that have ended, for ever
    Purge(Purge),
}

/// Which jobs are deleted.
#[derive(Debug, Args)]
pub struct Purge {
    /// Only jobs in this state
    #[arg(long, value_parser = one_of(&ENDED))]
    state: Option<JobState>,
    /// Only jobs of this name
    #[arg(long)]
    name: Option<JobName>,
    /// Only jobs that ended so long ago, such as `7d`, or before a time by RFC 3339
    #[arg(long, value_name = "T")]
    older_than: Option<Moment>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Which jobs are done after all.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").args(["id", "all"]).required(true))]
pub struct Retry {
    /// The job
    id: Option<JobId>,
    /// All that are dead
    #[arg(long)]
    all: bool,
    /// With `--all`: only those of this name
    #[arg(long, requires = "all")]
    name: Option<JobName>,
}

/// Reads one of these states.
fn one_of(states: &'static [JobState]) -> impl TypedValueParser<Value = JobState> {
    PossibleValuesParser::new(states.iter().map(|state| state.as_str())).try_map(|text| {
        let found = JobState::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or("there is no such state")
    })
}

impl JobsCommand {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        if application.config().jobs.provider == JobsProvider::Memory {
            return Err(RuntimeError::JobsInMemory.into());
        }
        let (admin, queue) = (&*application.job_admin(), &application.context().jobs);
        match self {
            Self::List { state, name, limit, json } => {
                list(admin, &filter(state, name), limit, json).await
            }
            Self::Show { id, json } => {
                let job = queue.get(id).await?.with_context(|| unknown(id))?;
                if json { print_json(&job) } else { show(&job) }
            }
            Self::Retry(Retry { id: Some(id), .. }) => {
                let job = queue.get(id).await?.with_context(|| unknown(id))?;
                if admin.retry(&JobFilter::all().ids([id]), 1).await? == 0 {
                    bail!("{}", not_retried(&job));
                }
                print(&format!("{id} waits again"));
                Ok(())
            }
            Self::Retry(Retry { name, .. }) => {
                let retried = retry_all(admin, &filter(Some(JobState::Dead), name)).await?;
                print(&format!("{} on the way again", how_many(retried, "job")));
                Ok(())
            }
            Self::Cancel { id } => {
                let state = queue.cancel(id).await?.with_context(|| unknown(id))?;
                match state {
                    JobState::Cancelled => print(&format!("{id} is cancelled")),
                    JobState::Succeeded | JobState::Dead => {
                        bail!("{id} has come to its end already: it is {}", state.as_str());
                    }
                    _ => print(&format!("{id} runs; its worker is told to stop it")),
                }
                Ok(())
            }
            Self::Purge(Purge { state, name, older_than, yes }) => {
                let mut filter = filter(state, name);
                filter.finished_for = older_than.map(age);
                purge(admin, filter, yes).await
            }
        }
    }
}

fn filter(state: Option<JobState>, name: Option<JobName>) -> JobFilter {
    let filter = state.into_iter().fold(JobFilter::all(), JobFilter::state);
    name.into_iter().fold(filter, JobFilter::name)
}

fn age(moment: Moment) -> Duration {
    let now = Utc::now();
    (now - moment.resolve(now)).to_std().unwrap_or(Duration::ZERO)
}

fn unknown(id: JobId) -> String {
    format!("there is no job {id}, or no more; `jobs list` shows what there is")
}

fn not_retried(job: &JobRecord) -> String {
    let id = job.id;
    match job.state {
        JobState::Dead | JobState::Cancelled => {
            format!("another job has the unique key of {id} by now")
        }
        state => format!("{id} is {}; dead and cancelled jobs can be retried", state.as_str()),
    }
}

/// As many as there are now: one that is dead again meanwhile is not tried for ever.
async fn retry_all(admin: &dyn JobAdmin, filter: &JobFilter) -> anyhow::Result<u64> {
    let mut left = count(admin, filter).await?;
    let mut retried = 0;
    while left > 0 {
        let limit = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        let some = admin.retry(filter, limit).await? as u64;
        if some == 0 {
            break;
        }
        retried += some;
        left = left.saturating_sub(some);
    }
    Ok(retried)
}

async fn purge(admin: &dyn JobAdmin, filter: JobFilter, yes: bool) -> anyhow::Result<()> {
    let filter = match filter.states.is_empty() {
        true => ENDED.into_iter().fold(filter, JobFilter::state),
        false => filter,
    };
    let number = count(admin, &filter).await?;
    if number > 0 {
        confirm(yes, &format!("Delete {} for ever?", how_many(number, "job")))?;
    }
    let mut purged = 0;
    loop {
        let some = admin.purge(&filter, BATCH).await?;
        purged += some as u64;
        if some < BATCH {
            break;
        }
    }
    print(&format!("{} deleted", how_many(purged, "job")));
    Ok(())
}

async fn count(admin: &dyn JobAdmin, filter: &JobFilter) -> anyhow::Result<u64> {
    Ok(admin.counts(filter).await?.iter().map(|count| count.jobs).sum())
}

async fn list(
    admin: &dyn JobAdmin,
    filter: &JobFilter,
    limit: u32,
    json: bool,
) -> anyhow::Result<()> {
    let jobs = admin.list(filter, usize::try_from(limit)?, None).await?;
    if json {
        return print_json(&jobs);
    }
    if jobs.is_empty() {
        print("no jobs");
        return Ok(());
    }
    let rows: Vec<_> = jobs.iter().map(row).collect();
    print_table(
        ["JOB", "NAME", "STATE", "ATTEMPTS", "ENQUEUED (UTC)", "PROGRESS OR REASON"],
        &rows,
    );
    let all = count(admin, filter).await?;
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if all > shown {
        print_note(&format!("… and {} more; --limit shows more", all - shown));
    }
    Ok(())
}

fn row(job: &JobRecord) -> [String; 6] {
    let said = match (job.state, &job.progress, &job.reason) {
        // The reason of a running one is that of the attempt before.
        (JobState::Running | JobState::Succeeded, Some(progress), _)
        | (_, Some(progress), None) => progress_text(progress),
        // What went wrong may have several lines.
        (state, _, Some(reason)) if state != JobState::Succeeded => one_line(reason),
        _ => String::new(),
    };
    [
        job.id.to_string(),
        job.name.to_string(),
        job.state.as_str().to_owned(),
        format!("{}/{}", job.attempts, job.max_attempts),
        job.enqueued_at.format("%Y-%m-%d %H:%M").to_string(),
        said,
    ]
}

fn show(job: &JobRecord) -> anyhow::Result<()> {
    let time = |at: DateTime<Utc>| at.format("%F %T UTC").to_string();
    let is_cancelling = job.is_cancelling && job.state == JobState::Running;
    let cancelling = if is_cancelling { ", to be cancelled" } else { "" };
    let lines = [
        ("job", Some(job.id.to_string())),
        ("name", Some(job.name.to_string())),
        ("state", Some(format!("{}{cancelling}", job.state.as_str()))),
        ("progress", job.progress.as_ref().map(progress_text)),
        ("attempts", Some(format!("{} of {}", job.attempts, job.max_attempts))),
        ("reason", job.reason.as_deref().map(one_line)),
        ("enqueued", Some(time(job.enqueued_at))),
        ("due", Some(time(job.run_at))),
        ("started", job.started_at.map(time)),
        ("finished", job.finished_at.map(time)),
        ("worker", job.worker.clone()),
        ("unique", job.unique.clone()),
        ("for", job.context.as_ref().map(serde_json::to_string).transpose()?),
        ("payload", Some(one_line(&job.payload))),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            print(&format!("{name:<9} {value}"));
        }
    }
    Ok(())
}

fn progress_text(progress: &Progress) -> String {
    let total = progress.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let note = progress.note.as_deref().map(|note| format!(", {}", one_line(note)));
    format!("{}{total}{}", progress.done, note.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use czo_core::{Priority, SystemIds};

    use super::*;

    /// The last cell of a job that is on its way to halfway and was begun before.
    fn said(state: JobState, reason: Option<&str>) -> String {
        let now = Utc::now();
        let job = JobRecord {
            id: JobId::generate(&SystemIds),
            name: JobName::from_static("test.work"),
            state,
            priority: Priority::Normal,
            attempts: 2,
            max_attempts: 8,
            enqueued_at: now,
            run_at: now,
            started_at: None,
            finished_at: None,
            progress: Some(Progress::new(1, 2)),
            reason: reason.map(str::to_owned),
            is_cancelling: false,
            worker: None,
            unique: None,
            context: None,
            payload: String::new(),
        };
        let [.., said] = row(&job);
        said
    }

    #[test]
    fn a_running_job_of_a_further_attempt_shows_how_far_it_is_and_a_dead_one_why() {
        let lost = Some("its worker\nwas lost");
        assert_eq!(said(JobState::Running, lost), "1 of 2");
        assert_eq!(said(JobState::Running, None), "1 of 2");
        for failed in [JobState::Waiting, JobState::Dead] {
            assert_eq!(said(failed, lost), "its worker was lost");
        }
    }
}
