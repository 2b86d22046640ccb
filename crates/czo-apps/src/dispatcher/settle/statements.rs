//! The statements that settle, written once.

use czo_repo::Database;

use super::BURIED_AT_ONCE;
use crate::delivery::dialect::{Dialect, Kind};

#[derive(Debug)]
pub(super) struct Statements {
    pub(super) log: String,
    /// One, or one after the other; the first says how many.
    pub(super) leave: Vec<String>,
    pub(super) again: String,
    pub(super) hold: String,
    pub(super) promote: String,
    pub(super) breaker: String,
    pub(super) disable: String,
    pub(super) bury: Vec<String>,
}

/// What a delivery keeps in the log.
const KEPT: &str =
    "position, id, webhook_id, app_id, shop_id, event_id, event_type, correlation_id, body, lane";

/// What the log has of it besides.
const LOGGED: &str = "state, attempts, sent, created_at, error, done_at";

const ENDED: [(&str, Kind); 7] = [
    ("position", Kind::Integer),
    ("state", Kind::Integer),
    ("attempts", Kind::Integer),
    ("sent", Kind::Integer),
    ("was_sent", Kind::Integer),
    ("delay", Kind::Integer),
    ("error", Kind::Text),
];

impl Statements {
    pub(super) fn new(database: &Database) -> Self {
        let dialect = Dialect::of(database);
        let now = dialect.now();
        Self {
            log: log(dialect),
            leave: leave(dialect),
            again: again(dialect),
            hold: format!(
                "UPDATE webhook_delivery SET state = 2 WHERE position IN ({}) AND EXISTS \
                 (SELECT 1 FROM webhook_delivery b WHERE b.webhook_id = webhook_delivery.webhook_id \
                 AND b.lane = webhook_delivery.lane AND b.position < webhook_delivery.position)",
                dialect.numbers(1)
            ),
            promote: promote(dialect),
            breaker: format!(
                "UPDATE webhook_endpoint_state SET failures = $2, trips = $3, \
                 failing_since = {now} - $4, open_until = CASE WHEN $5 > 0 THEN {now} + $5 \
                 ELSE 0 END WHERE webhook_id = $1"
            ),
            disable: "UPDATE app_webhook SET is_active = FALSE, disabled_reason = $2 \
                      WHERE id = $1 AND is_active"
                .to_owned(),
            bury: bury(dialect),
        }
    }
}

fn log(dialect: Dialect) -> String {
    let records = dialect.records(
        "e",
        &[
            ("delivery_id", Kind::Id),
            ("number", Kind::Integer),
            ("at", Kind::Integer),
            ("status", Kind::Integer),
            ("error", Kind::Text),
            ("request_headers", Kind::Text),
            ("response_headers", Kind::Text),
            ("response_body", Kind::Text),
            ("is_cut", Kind::Integer),
            ("duration_ms", Kind::Integer),
        ],
    );
    format!(
        "INSERT INTO webhook_attempt (delivery_id, number, at, status, error, request_headers, \
         response_headers, response_body, is_cut, duration_ms) SELECT e.delivery_id, e.number, \
         e.at, e.status, e.error, e.request_headers, e.response_headers, e.response_body, \
         e.is_cut = 1, e.duration_ms FROM {records} WHERE TRUE \
         ON CONFLICT (delivery_id, number) DO NOTHING"
    )
}

fn leave(dialect: Dialect) -> Vec<String> {
    let (now, ended) = (dialect.now(), dialect.records("e", &ENDED));
    let insert = |of: &str, from: &str| {
        format!(
            "INSERT INTO webhook_log ({KEPT}, {LOGGED}) SELECT {}, {of}.end_state, \
             {of}.end_attempts, {of}.end_sent, {of}.created_at, {of}.end_error, {now} FROM {from} \
             WHERE TRUE ON CONFLICT (id) DO NOTHING",
            KEPT.split(", ").map(|name| format!("{of}.{name}")).collect::<Vec<_>>().join(", ")
        )
    };
    let joined = "d.*, e.state AS end_state, e.attempts AS end_attempts, e.sent AS end_sent, \
                  e.error AS end_error";
    match dialect {
        Dialect::Postgres => vec![format!(
            "WITH gone AS (DELETE FROM webhook_delivery d USING {ended} \
             WHERE d.position = e.position RETURNING {joined}) {}",
            insert("gone", "gone")
        )],
        Dialect::Sqlite => {
            let gone = format!(
                "(SELECT {joined} FROM {ended} JOIN webhook_delivery d \
                 ON d.position = e.position) AS gone"
            );
            let delete = format!(
                "DELETE FROM webhook_delivery WHERE position IN (SELECT e.position FROM {ended})"
            );
            vec![insert("gone", &gone), delete]
        }
    }
}

/// Not what somebody else has tried since.
fn again(dialect: Dialect) -> String {
    format!(
        "UPDATE webhook_delivery SET state = CASE WHEN e.attempts > 0 THEN 1 ELSE 0 END, \
         attempts = e.attempts, sent = e.sent, next_at = {} + e.delay, error = e.error FROM {} \
         WHERE webhook_delivery.position = e.position AND webhook_delivery.sent = e.was_sent",
        dialect.now(),
        dialect.records("e", &ENDED),
    )
}

/// The first of a lane is its own turn, whoever held it.
fn promote(dialect: Dialect) -> String {
    let lanes = dialect.records("l", &[("webhook_id", Kind::Id), ("lane", Kind::Text)]);
    format!(
        "UPDATE webhook_delivery SET state = CASE WHEN attempts > 0 THEN 1 ELSE 0 END \
         WHERE state = 2 AND position IN (SELECT (SELECT b.position FROM webhook_delivery b \
         WHERE b.webhook_id = l.webhook_id AND b.lane = l.lane ORDER BY b.position LIMIT 1) \
         FROM {lanes})"
    )
}

fn bury(dialect: Dialect) -> Vec<String> {
    let some = format!(
        "SELECT position FROM webhook_delivery WHERE webhook_id = $1 ORDER BY position \
         LIMIT {BURIED_AT_ONCE}"
    );
    let insert = |from: &str| {
        format!(
            "INSERT INTO webhook_log ({KEPT}, {LOGGED}) SELECT {KEPT}, 5, attempts, sent, \
             created_at, $2, {} FROM {from} ON CONFLICT (id) DO NOTHING",
            dialect.now()
        )
    };
    match dialect {
        Dialect::Postgres => vec![format!(
            "WITH gone AS (DELETE FROM webhook_delivery WHERE position IN ({some}) RETURNING *) {}",
            insert("gone WHERE TRUE")
        )],
        Dialect::Sqlite => vec![
            insert(&format!("webhook_delivery WHERE position IN ({some})")),
            // With both parameters, as the first has them.
            format!("DELETE FROM webhook_delivery WHERE position IN ({some}) AND $2 IS NOT NULL"),
        ],
    }
}
