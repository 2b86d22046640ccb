//! The statements, written once for each queue.

use super::dialect::{Dialect, Kind};
use super::row::CLAIM_COLUMNS;

/// How many lost jobs are looked after in one statement.
const LOST_AT_ONCE: usize = 1_000;

/// The statements that do not depend on what they are asked.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) enqueue: String,
    pub(super) renew: String,
    pub(super) finish: String,
    pub(super) free_lost: String,
    pub(super) cancel: String,
    pub(super) next_due: String,
    pub(super) last_slot: String,
    pub(super) first_slot: String,
    pub(super) take_slot: String,
}

impl Statements {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            enqueue: enqueue(dialect),
            renew: renew(dialect),
            finish: finish(dialect),
            free_lost: free_lost(dialect),
            cancel: cancel(dialect),
            next_due: next_due(dialect),
            last_slot: format!(
                "SELECT slot, {} AS now FROM jobs_slot WHERE schedule = $1",
                dialect.now()
            ),
            first_slot: first_slot(dialect),
            take_slot: take_slot(),
        }
    }
}

fn enqueue(dialect: Dialect) -> String {
    let now = dialect.now();
    let item = dialect.records(
        "item",
        &[
            ("id", Kind::Id),
            ("name", Kind::Text),
            ("payload", Kind::Text),
            ("priority", Kind::Integer),
            ("max_attempts", Kind::Integer),
            ("retry", Kind::Text),
            ("unique_key", Kind::Text),
            ("context", Kind::Text),
            ("delay", Kind::Integer),
        ],
    );
    // Of a job that waits or runs under this key the id is answered, which a statement does only
    // for a row that it writes.
    format!(
        "INSERT INTO jobs_job (id, name, payload, state, priority, attempts, max_attempts, retry, \
         unique_key, context, enqueued_at, run_at, cancelling, fence) \
         SELECT item.id, item.name, item.payload, 0, item.priority, 0, item.max_attempts, item.retry, \
         item.unique_key, item.context, {now}, {now} + item.delay, FALSE, 0 FROM {item} WHERE TRUE \
         ON CONFLICT (name, unique_key) WHERE state < 2 AND unique_key IS NOT NULL \
         DO UPDATE SET unique_key = excluded.unique_key RETURNING id, name, unique_key"
    )
}

/// Takes up to so many of the jobs that are due, the most urgent first. Each name and priority is
/// looked up by itself, so that no number of other jobs, and of jobs of later, is in the way.
pub(super) fn claim(dialect: Dialect, names: usize, limit: usize) -> String {
    let now = dialect.now();
    let (with, which) = match dialect {
        // As an array each id is looked up; joined, the whole table may be read for a guess of how
        // many there are.
        Dialect::Postgres => {
            (claim_postgres(now, limit), "id = ANY(ARRAY(SELECT id FROM due))".to_owned())
        }
        Dialect::Sqlite => (String::new(), format!("id IN ({})", claim_sqlite(now, names))),
    };
    format!(
        "{with}UPDATE jobs_job SET state = 1, attempts = attempts + 1, fence = fence + 1, \
         worker = $1, started_at = {now}, lease_until = {now} + $2, progress = NULL \
         WHERE {which} RETURNING {CLAIM_COLUMNS}"
    )
}

/// `$3` is how many, `$4` the names.
fn claim_postgres(now: &str, limit: usize) -> String {
    // A number in the text, which the database can plan with; few different ones, so that few
    // statements are prepared.
    let bound = limit.clamp(16, 1 << 20).next_power_of_two();
    let part = |priority: usize, taken: &str| {
        let left = format!("GREATEST($3::bigint{taken}, 0)");
        format!(
            "due{priority} AS MATERIALIZED (SELECT job.id FROM \
             json_array_elements_text($4::json) AS wanted(name), LATERAL (\
             SELECT id, run_at FROM (\
             SELECT id, run_at FROM jobs_job WHERE state = 0 AND name = wanted.name \
             AND priority = {priority} AND run_at <= {now} ORDER BY run_at, id LIMIT {left} \
             FOR UPDATE SKIP LOCKED) AS locked LIMIT {bound}) AS job \
             ORDER BY job.run_at, job.id LIMIT {left})"
        )
    };
    let taken = |priority: usize| format!(" - (SELECT count(*) FROM due{priority})");
    format!(
        "WITH {}, {}, {}, due AS (SELECT id FROM due0 UNION ALL SELECT id FROM due1 \
         UNION ALL SELECT id FROM due2) ",
        part(0, ""),
        part(1, &taken(0)),
        part(2, &(taken(0) + &taken(1))),
    )
}

/// `$3` is how many, `$4` and up are the names.
fn claim_sqlite(now: &str, names: usize) -> String {
    let part = |name: usize, priority: usize| {
        format!(
            "SELECT * FROM (SELECT id, priority, run_at FROM jobs_job WHERE state = 0 \
             AND name = ${} AND priority = {priority} AND run_at <= {now} \
             ORDER BY run_at, id LIMIT $3)",
            name + 4
        )
    };
    let parts = (0..names).flat_map(|name| (0..3).map(move |priority| part(name, priority)));
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    format!("SELECT id FROM ({parts}) ORDER BY priority, run_at, id LIMIT $3")
}

fn renew(dialect: Dialect) -> String {
    let held = dialect
        .records("held", &[("id", Kind::Id), ("fence", Kind::Integer), ("progress", Kind::Text)]);
    format!(
        "UPDATE jobs_job SET lease_until = {} + $2, \
         progress = COALESCE(held.progress, jobs_job.progress) FROM {held} \
         WHERE jobs_job.id = held.id AND jobs_job.fence = held.fence AND jobs_job.state = 1 \
         RETURNING jobs_job.id, jobs_job.fence, jobs_job.cancelling",
        dialect.now()
    )
}

/// Outcomes: 0 succeeded, 1 retry, 2 dead, 3 cancelled, 4 released.
fn finish(dialect: Dialect) -> String {
    let now = dialect.now();
    let ended = dialect.records(
        "ended",
        &[
            ("id", Kind::Id),
            ("fence", Kind::Integer),
            ("outcome", Kind::Integer),
            ("reason", Kind::Text),
            ("delay", Kind::Integer),
            ("progress", Kind::Text),
        ],
    );
    let waits = "(ended.outcome IN (1, 4) AND NOT jobs_job.cancelling)";
    format!(
        "UPDATE jobs_job SET \
         state = CASE WHEN ended.outcome = 0 THEN 2 WHEN jobs_job.cancelling THEN 3 \
         WHEN ended.outcome = 2 THEN 4 WHEN ended.outcome = 3 THEN 3 ELSE 0 END, \
         attempts = CASE WHEN ended.outcome = 4 THEN jobs_job.attempts - 1 ELSE jobs_job.attempts END, \
         run_at = CASE WHEN ended.outcome = 1 THEN {now} + ended.delay ELSE jobs_job.run_at END, \
         finished_at = CASE WHEN {waits} THEN NULL ELSE {now} END, \
         reason = COALESCE(ended.reason, jobs_job.reason), \
         progress = COALESCE(ended.progress, jobs_job.progress), \
         lease_until = NULL FROM {ended} \
         WHERE jobs_job.id = ended.id AND jobs_job.fence = ended.fence AND jobs_job.state = 1 \
         RETURNING jobs_job.id, jobs_job.fence"
    )
}

/// Lets the jobs of lost workers wait again.
fn free_lost(dialect: Dialect) -> String {
    let (now, skip_locked) = (dialect.now(), dialect.skip_locked());
    format!(
        "UPDATE jobs_job SET state = CASE WHEN cancelling THEN 3 ELSE 0 END, \
         finished_at = CASE WHEN cancelling THEN {now} ELSE NULL END, lease_until = NULL, \
         reason = 'its worker was lost' WHERE id IN (SELECT id FROM jobs_job WHERE state = 1 \
         AND lease_until <= {now} ORDER BY lease_until LIMIT {LOST_AT_ONCE} {skip_locked}) \
         RETURNING id"
    )
}

/// One whose lease is over is nobody's, as one that waits.
fn cancel(dialect: Dialect) -> String {
    let now = dialect.now();
    let is_free = format!("(state = 0 OR lease_until <= {now})");
    format!(
        "UPDATE jobs_job SET cancelling = NOT {is_free}, \
         finished_at = CASE WHEN {is_free} THEN {now} ELSE NULL END, \
         lease_until = CASE WHEN {is_free} THEN NULL ELSE lease_until END, \
         state = CASE WHEN {is_free} THEN 3 ELSE state END \
         WHERE id = $1 AND state < 2 RETURNING id, state"
    )
}

/// How many milliseconds until a job of these names is due.
fn next_due(dialect: Dialect) -> String {
    format!(
        "SELECT min((SELECT run_at FROM jobs_job WHERE state = 0 AND name = wanted.value \
         AND priority = level.value ORDER BY run_at LIMIT 1)) - {} AS millis FROM {}, \
         (SELECT 0 AS value UNION ALL SELECT 1 UNION ALL SELECT 2) AS level",
        dialect.now(),
        dialect.texts(1, "wanted"),
    )
}

/// Now, unless another process was first.
fn first_slot(dialect: Dialect) -> String {
    let now = dialect.now();
    format!(
        "INSERT INTO jobs_slot (schedule, slot) VALUES ($1, {now}) \
         ON CONFLICT (schedule) DO UPDATE SET slot = jobs_slot.slot RETURNING slot, {now} AS now"
    )
}

fn take_slot() -> String {
    "INSERT INTO jobs_slot (schedule, slot) VALUES ($1, $2) \
     ON CONFLICT (schedule) DO UPDATE SET slot = excluded.slot \
     WHERE jobs_slot.slot < excluded.slot RETURNING slot"
        .to_owned()
}
