//! No domain goes around `DomainEvents::stage`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::files::rust_files;
use crate::workspace::Workspace;

const INSTEAD: &str = "publish with `context.events(NAME).stage(tx, ctx, &payload)`";

/// Every place in the domains' sources that makes an envelope by hand, names a bus or publishes
/// into one.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let domains = workspace.root().join("domains");
    let mut problems = Vec::new();
    for file in rust_files(&domains)? {
        let name = file.strip_prefix(workspace.root()).unwrap_or(&file);
        if !is_source(name) {
            continue;
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", name.display()))?;
        problems.extend(
            detours(&text)
                .into_iter()
                .map(|(line, what)| format!("{}:{line} {what}: {INSTEAD}", name.display())),
        );
    }
    Ok(problems)
}

/// `domains/<name>/src/…`
fn is_source(file: &Path) -> bool {
    file.components().nth(2).is_some_and(|folder| folder.as_os_str() == "src")
}

/// Each detour with its line.
fn detours(text: &str) -> Vec<(usize, &'static str)> {
    let code = without_comments(text);
    let mut found = Vec::new();
    for (place, _) in code.match_indices("DomainEvent {") {
        if is_word_start(&code, place) && !is_return_type(&code[..place]) {
            found.push((place, "makes an envelope by hand"));
        }
    }
    for (place, _) in code.match_indices("EventBus") {
        found.push((place, "names an event bus"));
    }
    for call in [".publish(", ".publish_batch("] {
        for (place, _) in code.match_indices(call) {
            // A domain may well publish something else, such as a product.
            if call == ".publish_batch(" || is_bus(receiver(&code[..place])) {
                found.push((place, "publishes past its commit"));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(place, what)| (code[..place].matches('\n').count() + 1, what)).collect()
}

/// The text with every comment emptied, its lines kept.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_word_start(code: &str, place: usize) -> bool {
    !code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// `fn read() -> DomainEvent {` makes none.
fn is_return_type(before: &str) -> bool {
    before.trim_end().ends_with("->")
}

/// The name of what a method is called on, without the arguments of a getter.
fn receiver(before: &str) -> &str {
    let before = before.trim_end();
    let before = before.strip_suffix("()").unwrap_or(before);
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default()
}

fn is_bus(name: &str) -> bool {
    name == "bus" || name.ends_with("_bus")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_around_is_found_on_its_line() {
        let code = "\
use czo_core::EventBus;
// bus.publish(event)
let event = DomainEvent { id, ..other };
self.context.bus.publish(event).await;
context
    .bus()
    .publish(event);
anything.publish_batch(events);
";
        let lines: Vec<_> = detours(code).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 4, 7, 8]);
    }

    #[test]
    fn what_is_no_way_around_is_left_alone() {
        for code in [
            "products.publish(ctx, id).await",
            "fn event() -> DomainEvent {",
            "struct MyDomainEvent {",
            "async fn handle(event: Arc<DomainEvent>) {",
            "self.events.stage(tx, ctx, &payload)",
            "/// `EventBus` is not for domains",
        ] {
            assert_eq!(detours(code), [], "{code}");
        }
    }

    #[test]
    fn only_sources_are_looked_at() {
        assert!(is_source(Path::new("domains/catalog/src/products/commands.rs")));
        assert!(!is_source(Path::new("domains/catalog/tests/catalog/shop.rs")));
    }
}
