//! Jobs become rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{Enqueued, JobId, NewJob, SystemIds};
use czo_repo::{BeforeCommit, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde::Serialize;
use uuid::Uuid;

use super::row::priority_number;
use super::{Shared, millis};

/// The record of a new job.
#[derive(Serialize)]
struct Record<'j> {
    id: String,
    name: &'j str,
    payload: &'j str,
    priority: i32,
    max_attempts: i32,
    retry: String,
    unique_key: Option<&'j str>,
    context: Option<String>,
    delay: i64,
}

/// An id as both databases read it from JSON.
pub(super) fn hexadecimal(id: JobId) -> String {
    Uuid::from(id).simple().to_string()
}

impl Shared {
    /// Inserts all or none, in one statement. They are checked already.
    pub(super) async fn insert(
        &self,
        connection: &impl ConnectionTrait,
        jobs: &[NewJob],
    ) -> Result<Vec<Enqueued>, DbErr> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<JobId> = jobs.iter().map(|_| JobId::generate(&SystemIds)).collect();
        // Of several with one key the first is enqueued. Keys go in their order, so that two
        // callers with the same ones wait for each other, not both for ever.
        let mut first = HashMap::new();
        let mut records = Vec::with_capacity(jobs.len());
        for (job, id) in jobs.iter().zip(&ids) {
            let Some(key) = key(job) else {
                records.push(record(job, *id)?);
                continue;
            };
            if let Entry::Vacant(vacant) = first.entry(key) {
                vacant.insert(*id);
                records.push(record(job, *id)?);
            }
        }
        records.sort_by(|a, b| (a.unique_key, a.name).cmp(&(b.unique_key, b.name)));

        let statement = self.statement(&self.statements.enqueue, [Value::from(text(&records)?)]);
        let rows = connection.query_all_raw(statement).await?;
        // What stands under each key now.
        let mut standing = HashMap::with_capacity(first.len());
        for row in rows.iter().filter(|_| !first.is_empty()) {
            let unique: Option<String> = row.try_get("", "unique_key")?;
            if let Some(unique) = unique {
                let name: String = row.try_get("", "name")?;
                let id: JobId = row.try_get("", "id")?;
                standing.insert((name, unique), id);
            }
        }
        let answer = |(job, id): (&NewJob, JobId)| {
            let Some((name, unique)) = key(job) else { return Enqueued::new(id) };
            match standing.get(&(name.to_owned(), unique.to_owned())) {
                Some(stands) if *stands != id => Enqueued::existing(*stands),
                _ => Enqueued::new(id),
            }
        };
        Ok(jobs.iter().zip(ids).map(answer).collect())
    }
}

/// Writes the jobs that a unit of work has staged, all in one statement.
#[async_trait]
impl BeforeCommit for Shared {
    type Item = NewJob;

    async fn flush(
        self: Arc<Self>,
        tx: &UnitOfWork,
        items: Vec<NewJob>,
    ) -> Result<(), DatabaseError> {
        self.insert(&**tx, &items).await?;
        tx.after_commit(async move { self.wake.all(&self.database) });
        Ok(())
    }
}

fn key(job: &NewJob) -> Option<(&str, &str)> {
    Some((job.name.as_str(), job.unique.as_deref()?))
}

fn record(job: &NewJob, id: JobId) -> Result<Record<'_>, DbErr> {
    Ok(Record {
        id: hexadecimal(id),
        name: job.name.as_str(),
        payload: &job.payload,
        priority: priority_number(job.priority),
        max_attempts: i32::try_from(job.retry.attempts()).unwrap_or(i32::MAX),
        retry: text(&job.retry)?,
        unique_key: job.unique.as_deref(),
        context: job.context.as_ref().map(text).transpose()?,
        delay: millis(job.after),
    })
}

fn text(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}
