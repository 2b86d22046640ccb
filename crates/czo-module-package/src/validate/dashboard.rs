//! What the dashboard is served: scripts, and pages without scripts in them.

use super::javascript;
use crate::{Finding, Package, PackageFile, PackagePath, Severity};

/// The largest script that is read, in bytes: see how much stack reading one takes.
const MAX_SCRIPT: usize = 2 << 20;

/// How many findings one file may have: there may be thousands of one kind.
pub(super) const MAX_FINDINGS: usize = 50;

pub(super) fn check(package: &Package, findings: &mut Vec<Finding>) {
    for (path, file) in package.assets() {
        let extension = path.file_name().rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "js" | "mjs" => script(path, file, findings),
            "html" | "htm" | "xhtml" | "svg" => page(path, file, findings),
            "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" => findings.push(Finding {
                severity: Severity::Warning,
                place: path.to_string(),
                code: "script-unread",
                message: "browsers don't run files of this kind, and it was not looked at"
                    .to_owned(),
                fix: "leave it out of the assets".to_owned(),
            }),
            _ => {}
        }
    }
}

fn script(path: &PackagePath, file: &PackageFile, findings: &mut Vec<Finding>) {
    let mut error = |code, message: String, fix: &str| {
        let (severity, place, fix) = (Severity::Error, path.to_string(), fix.to_owned());
        findings.push(Finding { severity, place, code, message, fix });
    };
    if file.bytes().len() > MAX_SCRIPT {
        let message = format!("it is larger than {} MiB, and was not looked at", MAX_SCRIPT >> 20);
        error("script-too-large", message, "split it");
        return;
    }
    match std::str::from_utf8(file.bytes()) {
        Ok(text) => javascript::check(path, text, findings),
        Err(_) => error("script-broken", "it is not UTF-8".to_owned(), "save it as UTF-8"),
    }
}

/// Notes scripts within a page, which the policy that pages are served with does not let run. What
/// matters is that none goes unseen, so text that only looks like one is noted too.
fn page(path: &PackagePath, file: &PackageFile, findings: &mut Vec<Finding>) {
    let text = String::from_utf8_lossy(file.bytes()).to_ascii_lowercase();
    let found = elements(&text).chain(links(&text)).chain(handlers(&text));
    for (at, message, fix) in found.take(MAX_FINDINGS) {
        let (line, column) = position(&text, at);
        findings.push(Finding {
            severity: Severity::Error,
            place: format!("{path}:{line}:{column}"),
            code: "script-inline",
            message: message.to_owned(),
            fix: fix.to_owned(),
        });
    }
}

/// Where, what, and what to do.
type Found = (usize, &'static str, &'static str);

/// Elements with a script in them, or with one from elsewhere.
fn elements(text: &str) -> impl Iterator<Item = Found> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find("<script")?;
        let rest = &text[at + "<script".len()..];
        let tag_end = rest.find('>').unwrap_or(rest.len());
        let (tag, after) = (&rest[..tag_end], rest.get(tag_end + 1..).unwrap_or_default());
        // Another element, such as `<script-list>`.
        if tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-') {
            from = at + 1;
            return Some(None);
        }
        // What is in a script is no element, whatever it looks like.
        let body = after.find("</script").unwrap_or(after.len());
        from = (text.len() - after.len()) + body;
        let source = attribute(tag, "src");
        let found = if source.is_none() || !after[..body].trim().is_empty() {
            Some((
                at,
                "a script stands in the page itself, where it does not run",
                "move it to a file of its own, and name that in `src`",
            ))
        } else if source.is_some_and(is_elsewhere) {
            Some((
                at,
                "a script comes from elsewhere, from where it is not loaded",
                "put it among the assets",
            ))
        } else {
            None
        };
        Some(found)
    })
    .flatten()
}

/// Links that are scripts.
fn links(text: &str) -> impl Iterator<Item = Found> {
    text.match_indices("javascript:").filter_map(|(at, _)| {
        let is_value = text[..at].trim_end().ends_with(['"', '\'', '=']);
        is_value.then_some((at, "a link that is a script does not run", "use an event listener"))
    })
}

/// Attributes such as `onclick=`.
fn handlers(text: &str) -> impl Iterator<Item = Found> {
    text.match_indices("on").filter_map(|(at, _)| {
        if !begins_attribute(text, at) {
            return None;
        }
        let name = &text[at + 2..];
        let rest = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let is_handler = rest.len() < name.len() && rest.trim_start().starts_with('=');
        let message = "a handler stands in an attribute, where it does not run";
        is_handler.then_some((at, message, "use an event listener"))
    })
}

fn begins_attribute(text: &str, at: usize) -> bool {
    text[..at].ends_with(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '/'))
}

/// The value of an attribute of a tag, if it has it.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.match_indices(name).find_map(|(at, _)| {
        if !begins_attribute(tag, at) {
            return None;
        }
        let value = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        match value.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => value[1..].split(char::from(*quote)).next(),
            _ => value.split_ascii_whitespace().next(),
        }
    })
}

fn is_elsewhere(source: &str) -> bool {
    let source = source.trim();
    source.starts_with("//") || source.starts_with('\\') || source.contains(':')
}

/// The line and column of a byte, from 1.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (line, column)
}
