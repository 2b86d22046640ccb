//! The JSON Schemas of the program's events, compared with the committed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::compatibility::breaking_changes;
use crate::terminal;
use crate::workspace::Workspace;

/// The committed schemas, from the root.
const FOLDER: &str = "services/czo/events";
const BLESS: &str = "cargo xtask check --only events --bless";

/// What `czo events list --json` prints.
#[derive(Deserialize)]
pub(super) struct Listing {
    producers: Vec<Producer>,
}

#[derive(Deserialize)]
struct Producer {
    #[serde(rename = "type")]
    event_type: String,
    version: u32,
    #[serde(default)]
    external: bool,
    schema: Value,
}

impl Listing {
    pub(super) fn parse(printed: &str) -> Result<Self> {
        serde_json::from_str(printed)
            .context("`czo events list --json` printed something else than expected")
    }

    /// The events that this program publishes, by type and version.
    pub(super) fn events(&self) -> BTreeSet<(String, u32)> {
        self.own().map(|event| (event.event_type.clone(), event.version)).collect()
    }

    /// The schemas of the events that this program publishes.
    fn schemas(&self) -> Schemas {
        self.own()
            .map(|event| {
                let Producer { event_type, version, schema, .. } = event;
                (format!("{event_type}.v{version}.json"), schema.clone())
            })
            .collect()
    }

    /// Those of others are theirs to keep.
    fn own(&self) -> impl Iterator<Item = &Producer> {
        self.producers.iter().filter(|event| !event.external)
    }
}

/// Schemas by the name of their file.
type Schemas = BTreeMap<String, Value>;

/// How the schemas differ from the committed ones.
#[derive(Debug, Default, PartialEq, Eq)]
struct Differences {
    /// What breaks somebody, each with the event.
    breaking: Vec<String>,
    /// Files to be written, each with why.
    outdated: BTreeMap<String, &'static str>,
}

pub(super) fn check(workspace: &Workspace, listing: &Listing) -> Result<Vec<String>> {
    let Differences { breaking, outdated } =
        compare(&committed(&workspace.root().join(FOLDER))?, &listing.schemas());
    let outdated = outdated.into_iter().map(|(file, why)| {
        format!("{FOLDER}/{file} {why}, and breaks nobody: run `{BLESS}` and commit it")
    });
    Ok(breaking.into_iter().chain(outdated).collect())
}

pub(super) fn bless(workspace: &Workspace, listing: &Listing) -> Result<Vec<String>> {
    let folder = workspace.root().join(FOLDER);
    let now = listing.schemas();
    let Differences { breaking, outdated } = compare(&committed(&folder)?, &now);
    // All or nothing: a schema that breaks must not slip in beside others.
    if breaking.is_empty() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {FOLDER}"))?;
        for file in outdated.keys() {
            let text = format!("{:#}\n", now[file]);
            fs::write(folder.join(file), text)
                .with_context(|| format!("cannot write {FOLDER}/{file}"))?;
        }
        terminal::progress(format_args!("wrote {} of {} schemas", outdated.len(), now.len()));
    }
    Ok(breaking)
}

fn committed(folder: &Path) -> Result<Schemas> {
    let mut schemas = Schemas::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(schemas),
        Err(error) => return Err(error).with_context(|| format!("cannot list {FOLDER}")),
    };
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if file.ends_with(".json") {
            let text = fs::read_to_string(entry.path())?;
            let schema = serde_json::from_str(&text)
                .with_context(|| format!("{FOLDER}/{file} is no JSON"))?;
            schemas.insert(file, schema);
        }
    }
    Ok(schemas)
}

fn compare(committed: &Schemas, now: &Schemas) -> Differences {
    let mut differences = Differences::default();
    for (file, old) in committed {
        let name = file.trim_end_matches(".json");
        match now.get(file) {
            None => differences.breaking.push(format!(
                "{name} is gone, which breaks whoever waits for it or has old ones to read: keep its type (as the `from` of a newer version), or, if nobody has any left, delete {FOLDER}/{file}"
            )),
            Some(new) if new == old => {}
            Some(new) => {
                let breaks = breaking_changes(old, new);
                if breaks.is_empty() {
                    differences.outdated.insert(file.clone(), "is older than the program");
                }
                differences.breaking.extend(breaks.into_iter().map(|change| format!(
                    "{name}: {change}; keep this shape as it is and make a new version of it, with `from`"
                )));
            }
        }
    }
    for file in now.keys().filter(|file| !committed.contains_key(*file)) {
        differences.outdated.insert(file.clone(), "is missing");
    }
    differences
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(file: &str, schema: Value) -> Schemas {
        Schemas::from([(file.to_owned(), schema)])
    }

    fn schema(property: &str) -> Value {
        json!({ "type": "object", "properties": { property: { "type": "string" } } })
    }

    #[test]
    fn the_same_schemas_differ_in_nothing() {
        let schemas = one("a.b.c.v1.json", schema("id"));
        assert_eq!(compare(&schemas, &schemas), Differences::default());
    }

    #[test]
    fn a_new_event_asks_to_be_blessed() {
        let differences = compare(&Schemas::new(), &one("a.b.c.v1.json", schema("id")));
        assert_eq!(differences.breaking, [""; 0]);
        assert_eq!(differences.outdated["a.b.c.v1.json"], "is missing");
    }

    #[test]
    fn a_change_that_breaks_nobody_asks_to_be_blessed() {
        let (old, mut new) = (schema("id"), schema("id"));
        new["properties"]["note"] = json!({ "type": "string" });
        let differences = compare(&one("a.b.c.v1.json", old), &one("a.b.c.v1.json", new));
        assert_eq!(differences.breaking, [""; 0]);
        assert!(differences.outdated.contains_key("a.b.c.v1.json"));
    }

    #[test]
    fn a_change_that_breaks_is_told_with_event_and_path_and_is_not_blessed() {
        let differences =
            compare(&one("a.b.c.v1.json", schema("id")), &one("a.b.c.v1.json", schema("number")));
        assert_eq!(differences.breaking.len(), 1, "{differences:?}");
        assert!(differences.breaking[0].starts_with("a.b.c.v1: /id was removed"));
        assert!(differences.outdated.is_empty());
    }

    #[test]
    fn an_event_that_is_gone_breaks() {
        let differences = compare(&one("a.b.c.v1.json", schema("id")), &Schemas::new());
        assert!(differences.breaking[0].starts_with("a.b.c.v1 is gone"), "{differences:?}");
    }

    #[test]
    fn events_of_others_are_theirs_to_keep() -> Result<()> {
        let listed = json!({ "consumers": [], "producers": [
            { "type": "a.b.c", "version": 1, "producer": "a", "schema": true },
            { "type": "x.y.z", "version": 2, "producer": "x", "external": true, "schema": true },
        ]});
        let listing = Listing::parse(&listed.to_string())?;
        assert_eq!(listing.schemas(), one("a.b.c.v1.json", json!(true)));
        assert_eq!(listing.events(), BTreeSet::from([("a.b.c".to_owned(), 1)]));
        Ok(())
    }
}
