//! `cargo xtask loc`: how much code a store of products is, by hand and with the kit.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use crate::files::rust_files;
use crate::terminal;
use crate::workspace::Workspace;

const BY_HAND: &str = "examples/crud-by-hand/src";
const WITH_KIT: &str = "examples/crud-with-kit/src";
/// What both build on.
const SHARED: &str = "examples/crud-suite/src";
/// What a line there starts with that only the kit needs.
const ONLY_KIT: [&str; 2] = ["#[resource", "use czo_repo::Resource"];

/// Count the code of the two stores in `examples/` and print what czo-repo saves.
///
/// A line counts if it holds code as rustfmt lays it out: blank lines do not, nor lines of
/// nothing but comment, documentation included. Imports and attributes do. What is in `tests/`
/// does not, and neither does examples/crud-suite, which both stores build on; but the lines of it
/// that only the kit needs, those of `#[derive(Resource)]`, count for the kit.
///
/// The figures are lines `figure <name> <value>` on standard output.
#[derive(Args, Debug)]
pub(crate) struct LocArgs {
    /// Print the figures as JSON, with those of each file
    #[arg(long)]
    json: bool,
}

/// Counts both and compares them.
pub(crate) fn run(workspace: &Workspace, args: &LocArgs) -> Result<()> {
    let by_hand = Count::of(&workspace.root().join(BY_HAND))?;
    let mut with_kit = Count::of(&workspace.root().join(WITH_KIT))?;
    with_kit.add_only_kit(&workspace.root().join(SHARED))?;
    let reduction = reduction_percent(by_hand.lines(), with_kit.lines());
    if args.json {
        let figures = json!({
            "by_hand": by_hand.to_json(),
            "with_kit": with_kit.to_json(),
            "reduction_percent": reduction,
        });
        return Ok(terminal::result(serde_json::to_string_pretty(&figures)?)?);
    }
    for (folder, count) in [(BY_HAND, &by_hand), (WITH_KIT, &with_kit)] {
        terminal::heading(folder);
        for (file, code) in &count.files {
            terminal::progress(format_args!(
                "{:>6} lines {:>5} statements  {file}",
                code.lines, code.statements
            ));
        }
        terminal::progress(format_args!(
            "{:>6} lines {:>5} statements",
            count.lines(),
            count.statements()
        ));
    }
    terminal::result(format_args!("figure loc_by_hand {}", by_hand.lines()))?;
    terminal::result(format_args!("figure loc_with_kit {}", with_kit.lines()))?;
    Ok(terminal::result(format_args!("figure loc_reduction_percent {reduction:.1}"))?)
}

/// The code of one store, file by file.
#[derive(Debug)]
struct Count {
    files: Vec<(String, Code)>,
}

impl Count {
    fn of(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in rust_files(folder)? {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let file = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            ensure!(
                !text.contains("#[cfg(test)]"),
                "{}: put tests into tests/, so that they are not counted",
                path.display()
            );
            files.push((file, count(&text)));
        }
        ensure!(!files.is_empty(), "there is no code in {}", folder.display());
        Ok(Self { files })
    }

    /// Adds the lines of a folder that only the kit needs.
    fn add_only_kit(&mut self, folder: &Path) -> Result<()> {
        for path in rust_files(folder)? {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let is_for_kit = |line: &&str| ONLY_KIT.iter().any(|start| line.starts_with(start));
            let code = count(&text.lines().filter(is_for_kit).collect::<Vec<_>>().join("\n"));
            if code.lines > 0 {
                let file = path.strip_prefix(folder).unwrap_or(&path).display();
                self.files.push((format!("{file} of {SHARED}, what only the kit needs"), code));
            }
        }
        Ok(())
    }

    fn lines(&self) -> usize {
        self.files.iter().map(|(_, code)| code.lines).sum()
    }

    fn statements(&self) -> usize {
        self.files.iter().map(|(_, code)| code.statements).sum()
    }

    fn to_json(&self) -> serde_json::Value {
        let files: serde_json::Map<_, _> =
            self.files.iter().map(|(file, code)| (file.clone(), code.lines.into())).collect();
        json!({ "lines": self.lines(), "statements": self.statements(), "files": files })
    }
}

/// The code of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Code {
    /// Lines that hold code.
    lines: usize,
    /// Those of them that end a statement or an item: `use`, `let`, `?;`. Next to the lines, a
    /// count that does not depend on where rustfmt breaks a call.
    statements: usize,
}

/// Counts the code of a file. Good for what rustfmt writes and the two stores hold: a comment is
/// not behind code, and no text goes over several lines with `//` at the start of one.
fn count(text: &str) -> Code {
    let mut code = Code::default();
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        if in_comment || line.starts_with("/*") {
            in_comment = !line.contains("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            code.lines += 1;
            code.statements += usize::from(line.ends_with(';'));
        }
    }
    code
}

/// How much smaller `after` is, in percent of `before`.
#[expect(clippy::cast_precision_loss, reason = "a store has fewer than 2^52 lines")]
fn reduction_percent(before: usize, after: usize) -> f64 {
    100.0 * (1.0 - after as f64 / before.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_with_code_count() {
        let text = "\
//! The subject.

use a::b;

/// What it does.
#[derive(Debug)]
pub fn f(a: u8) -> u8 {
    // Why.
    /* more
       of why */
    let b = \"// no comment\";

    g(
        a,
        b,
    )
}
";
        assert_eq!(count(text), Code { lines: 9, statements: 2 });
        assert_eq!(count("\n \n//\n"), Code::default());
    }

    #[test]
    fn what_only_the_kit_needs_counts_for_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let row =
            "use a::b;\nuse czo_repo::Resource;\n\n#[resource(versioned)]\npub struct Model {}\n";
        fs::write(folder.path().join("row.rs"), row)?;
        fs::write(folder.path().join("other.rs"), "use a::b;\n")?;
        let mut count = Count { files: Vec::new() };
        count.add_only_kit(folder.path())?;
        assert_eq!((count.lines(), count.statements(), count.files.len()), (2, 1, 1));
        Ok(())
    }

    #[test]
    fn the_reduction_is_of_what_was_there_before() {
        assert!((reduction_percent(1_000, 250) - 75.0).abs() < 1e-9);
        assert!((reduction_percent(100, 100)).abs() < 1e-9);
    }

    #[test]
    fn tests_among_the_code_are_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.rs"), "#[cfg(test)]\nmod tests {}\n")?;
        let error = Count::of(folder.path()).unwrap_err().to_string();
        assert!(error.contains("put tests into tests/"), "{error}");
        Ok(())
    }
}
