//! Every event that a domain has is one that the program lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::code::without_comments;
use super::direct::is_source;
use super::snapshots::Listing;
use crate::files::rust_files;
use crate::workspace::Workspace;

/// Every event in the domains' sources that is missing in the program's listing. Those of tests
/// inside of a source are no events of the domain.
pub(super) fn check(workspace: &Workspace, listing: &Listing) -> Result<Vec<String>> {
    let listed = listing.events();
    let mut problems = Vec::new();
    for file in rust_files(&workspace.root().join("domains"))? {
        let name = file.strip_prefix(workspace.root()).unwrap_or(&file);
        if is_source(name) {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", name.display()))?;
            problems.extend(unlisted(name, &text, &listed));
        }
    }
    Ok(problems)
}

fn unlisted(file: &Path, text: &str, listed: &BTreeSet<(String, u32)>) -> Vec<String> {
    let missing = events(text).into_iter().filter(|(_, event)| !listed.contains(event));
    missing
        .map(|(line, (event_type, version))| {
            format!(
                "{}:{line} `{event_type}` version {version} is not in `czo events list`: add it in `Domain::events` with `catalogue.add` (an older version comes with the `from` of a newer one)",
                file.display()
            )
        })
        .collect()
}

/// The `#[event("…", version = n)]` of a source, each with its line.
fn events(text: &str) -> Vec<(usize, (String, u32))> {
    let code = without_comments(text);
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let attributes = code.match_indices("#[event(");
    attributes
        .filter_map(|(place, start)| {
            let mut words = code[place + start.len()..].split(')').next()?.split(',');
            let event_type = words.next()?.trim().trim_matches('"').to_owned();
            let version = words.next()?.trim().strip_prefix("version")?.trim_start();
            let version = version.strip_prefix('=')?.trim().parse().ok()?;
            Some((code[..place].matches('\n').count() + 1, (event_type, version)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
/// A product was created.
#[event("product.item.created", version = 1)]
struct CreatedV1 {}
// #[event("product.item.dreamt", version = 1)]
#[event(
    "product.item.created",
    version = 2,
    from = CreatedV1,
)]
struct Created {}

#[cfg(test)]
mod tests {
    #[event("product.item.tested", version = 1)]
    struct Tested {}
}
"#;

    #[test]
    fn events_are_found_on_their_lines_but_not_those_of_comments_and_tests() {
        let created = |version| ("product.item.created".to_owned(), version);
        assert_eq!(events(SOURCE), [(3, created(1)), (6, created(2))]);
    }

    #[test]
    fn an_event_that_is_not_listed_in_its_version_is_told_with_its_place() {
        let listed = BTreeSet::from([("product.item.created".to_owned(), 1)]);
        let told = unlisted(Path::new("domains/catalog/src/events.rs"), SOURCE, &listed);
        assert_eq!(told.len(), 1, "{told:?}");
        let start = "domains/catalog/src/events.rs:6 `product.item.created` version 2 is not in";
        assert!(told[0].starts_with(start), "{told:?}");
    }
}
