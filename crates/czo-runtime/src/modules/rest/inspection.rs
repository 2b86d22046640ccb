//! Looking at modules, and taking them out.

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, State};
use czo_http::{Ctx, Problem};
use czo_modules::{
    DataFate, LogFilter, LogLevel, LogRecord, ModuleDetails, ModuleSummary, RemoveOptions, Removed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Desk, Which, described, invalid, name, question};

/// The modules of a server.
#[derive(Serialize, JsonSchema)]
struct ModuleList {
    /// By name.
    modules: Vec<ModuleSummary>,
}

/// What a module has logged in the process that answers.
#[derive(Serialize, JsonSchema)]
struct LogLines {
    /// The oldest first.
    lines: Vec<LogRecord>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WantedLines {
    /// Lines of this level or above: `trace`, `debug`, `info`, `warn` or `error`.
    level: Option<String>,
    /// Lines after the one of this number.
    after: Option<u64>,
    /// Lines of this request.
    correlation_id: Option<String>,
    /// At most so many, the last ones.
    limit: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HowRemoved {
    /// What becomes of its tables and of what it keeps by key: `keep`, which is the default, or
    /// `delete`, after it was exported.
    #[serde(default)]
    data: Fate,
    /// Whether it goes also when others depend on it; these are disabled. Default no.
    #[serde(default)]
    force: bool,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fate {
    #[default]
    Keep,
    Delete,
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/module-admin/modules",
            get_with(list, |operation| {
                described(operation, "The modules of the server", "Needs `module:read`.")
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}",
            get_with(show, |operation| {
                described(
                    operation,
                    "Show a module",
                    "Its manifest, its versions, and what it has used in the process that answers. \
                     Needs `module:read`.",
                )
            })
            .delete_with(remove, |operation| {
                described(
                    operation,
                    "Remove a module",
                    "It serves no more, on every server, and no version of it is kept. What it was \
                     asked to do is finished first. Needs `module:write`.",
                )
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/logs",
            get_with(logs, |operation| {
                described(
                    operation,
                    "What a module has logged",
                    "Of the last 1,000 lines in the process that answers, the oldest first. Needs \
                     `module:read`.",
                )
            }),
        )
}

async fn list(State(desk): State<Desk>, Ctx(ctx): Ctx) -> Result<Json<ModuleList>, Problem> {
    let modules = desk.modules.list(&ctx).await.map_err(Problem::of)?;
    Ok(Json(ModuleList { modules }))
}

async fn show(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<ModuleDetails>, Problem> {
    let name = name(which)?;
    desk.modules.show(&ctx, &name).await.map(Json).map_err(Problem::of)
}

async fn remove(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    how: Result<Query<HowRemoved>, QueryRejection>,
) -> Result<Json<Removed>, Problem> {
    let name = name(which)?;
    let Query(HowRemoved { data, force }) = how.map_err(|wrong| question(&wrong))?;
    let mut options = RemoveOptions::default().data(match data {
        Fate::Keep => DataFate::Keep,
        Fate::Delete => DataFate::Delete,
    });
    if force {
        options = options.force();
    }
    desk.modules.remove(&ctx, &name, options).await.map(Json).map_err(Problem::of)
}

async fn logs(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    wanted: Result<Query<WantedLines>, QueryRejection>,
) -> Result<Json<LogLines>, Problem> {
    let name = name(which)?;
    let Query(wanted) = wanted.map_err(|wrong| question(&wrong))?;
    let mut filter = LogFilter::default();
    filter.level = wanted.level.as_deref().map(level).transpose()?;
    filter.after = wanted.after;
    filter.limit = wanted.limit;
    let id = wanted.correlation_id.map(|id| id.parse());
    filter.correlation_id =
        id.transpose().map_err(|error| invalid(format!("correlationId: {error}")))?;
    let lines = desk.modules.logs(&ctx, &name, &filter).await.map_err(Problem::of)?;
    Ok(Json(LogLines { lines }))
}

fn level(text: &str) -> Result<LogLevel, Problem> {
    match text {
        "trace" => Ok(LogLevel::Trace),
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" => Ok(LogLevel::Warn),
        "error" => Ok(LogLevel::Error),
        _ => Err(invalid("level: expected `trace`, `debug`, `info`, `warn` or `error`")),
    }
}
