//! `module list`, `module show` and `module logs`

use std::time::Duration;

use clap::{Args, ValueEnum};
use czo_module_package::{ModuleManifest, ModuleName, grants};
use reqwest::Method;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::WhichModule;
use super::desk::{Content, Desk};
use crate::cli::output::{how_many, one_line, print, print_json, print_note, print_table};

/// How the list is printed.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which module.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    which: WhichModule,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which lines.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    #[command(flatten)]
    which: WhichModule,
    /// Lines of this level or above
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Lines of this request
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// At most so many, the last ones
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Go on with what is logged from now on, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Print JSON, one line for each
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// How long it is waited for further lines.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
struct ModuleList {
    modules: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    name: ModuleName,
    version: Version,
    status: String,
    source: String,
    waits_for_consent: Option<Widened>,
    compatible: bool,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Widened {
    version: Version,
    grants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    manifest: ModuleManifest,
    generation: u64,
    serves_here: bool,
    failure_here: Option<String>,
    quarantine: Option<Quarantine>,
    versions: Vec<Kept>,
    usage: Vec<Used>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quarantine {
    reason: String,
    next_try: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    version: Version,
    added_at: String,
    is_current: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    shop: Option<String>,
    calls: u64,
    failures: u64,
    cpu_ms: f64,
    memory_peak: u64,
}

#[derive(Deserialize)]
struct LogLines {
    lines: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    number: u64,
    at: String,
    level: String,
    message: String,
    fields: Vec<(String, String)>,
}

impl ListArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let list: ModuleList = desk.send(Method::GET, "/modules", &(), Content::Nothing).await?;
        if self.json {
            return print_json(&list.modules);
        }
        if list.modules.is_empty() {
            print("no modules");
            return Ok(());
        }
        let modules = list.modules.into_iter().map(serde_json::from_value);
        let modules = modules.collect::<Result<Vec<Summary>, _>>()?;
        let row = |module: &Summary| {
            let status = match &module.waits_for_consent {
                Some(widened) => {
                    format!("{}, {} waits for consent", module.status, widened.version)
                }
                None => module.status.clone(),
            };
            [
                module.name.to_string(),
                module.version.to_string(),
                status,
                one_line(&module.source),
                if module.compatible { "yes".to_owned() } else { "no".to_owned() },
            ]
        };
        let rows: Vec<_> = modules.iter().map(row).collect();
        print_table(["NAME", "VERSION", "STATUS", "SOURCE", "COMPATIBLE"], &rows);
        for module in &modules {
            for warning in &module.warnings {
                print_note(&format!("{}: {}", module.name, one_line(warning)));
            }
        }
        Ok(())
    }
}

impl ShowArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let path = format!("/modules/{}", self.which.name);
        let shown: Value = desk.send(Method::GET, &path, &(), Content::Nothing).await?;
        if self.json {
            return print_json(&shown);
        }
        let details: Details = serde_json::from_value(shown)?;
        show(&details, desk.is_server());
        Ok(())
    }
}

fn show(details: &Details, is_server: bool) {
    let Details { summary, manifest, .. } = details;
    print(&format!("{} {}: {}", summary.name, summary.version, one_line(&manifest.description)));
    print(&format!("by          {}, {}", one_line(&manifest.author), manifest.license));
    print(&format!("status      {}", summary.status));
    print(&format!("from        {}", one_line(&summary.source)));
    print(&format!("activation  {}", details.generation));
    if is_server && summary.status == "enabled" && !details.serves_here {
        let reason = details.failure_here.as_deref().unwrap_or("not yet");
        print(&format!("not here    {}", one_line(reason)));
    }
    if let Some(Quarantine { reason, next_try }) = &details.quarantine {
        print(&format!("stopped     {}; tried again {next_try}", one_line(reason)));
    }
    for grant in grants(manifest) {
        print(&format!("it          {}", one_line(&grant.to_string())));
    }
    if let Some(Widened { version, grants }) = &summary.waits_for_consent {
        for grant in grants {
            print(&format!("asks for    {} (in {version})", one_line(grant)));
        }
    }
    for Kept { version, added_at, is_current } in &details.versions {
        let current = if *is_current { ", the one in use" } else { "" };
        print(&format!("version     {version}, since {added_at}{current}"));
    }
    for used in &details.usage {
        let shop = used.shop.as_deref().unwrap_or("no shop");
        print(&format!(
            "used        {shop}: {}, {} failed, {:.1} ms computing, {} KiB at most",
            how_many(used.calls, "call"),
            used.failures,
            used.cpu_ms,
            used.memory_peak / 1_024,
        ));
    }
    for warning in &summary.warnings {
        print_note(&format!("warning: {}", one_line(warning)));
    }
}

impl LogsArgs {
    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let lines = self.lines(desk, after).await?;
            for line in lines {
                let shown: Line = serde_json::from_value(line.clone())?;
                after = Some(shown.number);
                match self.json {
                    true => print(&line.to_string()),
                    false => print(&shown.to_string()),
                }
            }
            if !self.follow {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
        }
    }

    async fn lines(&self, desk: &Desk, after: Option<u64>) -> anyhow::Result<Vec<Value>> {
        let mut wanted = json!({ "limit": self.limit });
        if let Some(level) = self.level {
            wanted["level"] = json!(level);
        }
        if let Some(id) = &self.correlation_id {
            wanted["correlationId"] = json!(id);
        }
        if let Some(after) = after {
            wanted["after"] = json!(after);
        }
        let path = format!("/modules/{}/logs", self.which.name);
        let found: LogLines = desk.send(Method::GET, &path, &wanted, Content::Nothing).await?;
        Ok(found.lines)
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:<5} {}", self.at, self.level, one_line(&self.message))?;
        self.fields
            .iter()
            .try_for_each(|(name, value)| write!(f, " {}={}", one_line(name), one_line(value)))
    }
}
