//! No domain goes around `DomainEvents::stage`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::code::without_comments;
use crate::files::rust_files;
use crate::workspace::Workspace;

const INSTEAD: &str = "publish with `context.events(NAME).stage(tx, ctx, &payload)`";

/// What a domain has no use for: it is handed `DomainContext::events`.
const WAYS: [(&str, &str); 6] = [
    ("EventBus", "names an event bus"),
    ("EventEmitter", "names an emitter of its own"),
    ("EventFactory", "makes envelopes by hand"),
    ("EventOutlet::new", "makes an outlet of its own"),
    ("Outbox::new", "makes an outbox of its own"),
    ("StagedEvent", "stages an envelope by hand"),
];

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
pub(super) fn is_source(file: &Path) -> bool {
    file.components().nth(2).is_some_and(|folder| folder.as_os_str() == "src")
}

/// Each detour with its line.
fn detours(text: &str) -> Vec<(usize, &'static str)> {
    let code = without_comments(text);
    let mut found = Vec::new();
    for (place, _) in code.match_indices("DomainEvent {") {
        if is_word_start(&code, place) && is_made(&code[..place]) {
            found.push((place, "makes an envelope by hand"));
        }
    }
    for (name, what) in WAYS {
        found.extend(code.match_indices(name).map(|(place, _)| (place, what)));
    }
    for call in [".publish(", ".publish_batch(", ".relay("] {
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

fn is_word_start(code: &str, place: usize) -> bool {
    !code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// `let DomainEvent {`, `impl X for DomainEvent {` and `-> &DomainEvent {` make none.
fn is_made(before: &str) -> bool {
    let mut before = before.trim_end();
    // What a reference has before its type.
    before = before.strip_suffix("mut").unwrap_or(before).trim_end();
    let name = |c: char| c.is_alphanumeric() || c == '_';
    before = before.trim_end_matches(name).strip_suffix("&'").map_or(before, str::trim_end);
    before = before.strip_suffix('&').unwrap_or(before).trim_end();
    let word = &before[before.trim_end_matches(name).len()..];
    !before.ends_with("->") && !matches!(word, "let" | "for")
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
self.bus.relay(event, &Audience::Everyone);
(\"http://bus\", bus.publish(event));
let emitter = EventEmitter::new();
let factory = EventFactory::new(NAME, clock, ids);
let outlet = EventOutlet::new(other);
send(&DomainEvent { id, ..other });
let outbox = Outbox::new(&database, options);
outbox.publish(tx, StagedEvent::unordered(event));
";
        let lines: Vec<_> = detours(code).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn what_is_no_way_around_is_left_alone() {
        for code in [
            "products.publish(ctx, id).await",
            "signals.relay(ctx, id).await",
            "fn event() -> DomainEvent {",
            "fn event(&self) -> &DomainEvent {",
            "fn event<'a>(all: &'a [DomainEvent]) -> &'a DomainEvent {",
            "fn event(&mut self) -> &mut DomainEvent {",
            "let DomainEvent { data, .. } = &*event;",
            "let &DomainEvent { version, .. } = &*event;",
            "impl Summary for DomainEvent {",
            "impl Summary for &DomainEvent {",
            "pub outlet: EventOutlet,",
            "Inbox::new(&database)",
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
