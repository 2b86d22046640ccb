//! The house rules for manifests, READMEs and files of the members.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, Package, TargetKind};
use toml::{Table, Value};

use crate::files::rust_files;
use crate::workspace::Workspace;

/// A file with more lines has two subjects.
const MOST_LINES: usize = 800;
/// How the README of a library becomes its documentation.
const README_AS_DOCS: &str = "#![doc = include_str!(\"../README.md\")]";

/// Every breach of a rule, as `file: what is wrong and what to write`.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata: Metadata = workspace.metadata()?;
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let member = Member::read(workspace.root(), package)?;
        problems.extend(member.problems());
    }
    Ok(problems)
}

/// What the rules look at in one member.
#[derive(Debug, Default)]
struct Member {
    name: String,
    /// From the root, as all paths here.
    folder: String,
    manifest: Table,
    has_readme: bool,
    /// The text of `src/lib.rs`, or of whatever holds the library.
    library: Option<String>,
    /// Every Rust file with the number of its lines.
    files: Vec<(String, usize)>,
}

impl Member {
    fn read(root: &Path, package: &Package) -> Result<Self> {
        let manifest_path = package.manifest_path.as_std_path();
        let folder = manifest_path.parent().context("a manifest has a folder")?;
        let from_root =
            |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let library = package.targets.iter().find(|target| {
            target.kind.iter().any(|kind| matches!(kind, TargetKind::Lib | TargetKind::ProcMacro))
        });
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("cannot read {}", from_root(path)))
        };
        let mut files = Vec::new();
        for file in rust_files(folder)? {
            files.push((from_root(&file), read(&file)?.lines().count()));
        }
        Ok(Self {
            name: package.name.to_string(),
            folder: from_root(folder),
            manifest: read(manifest_path)?
                .parse()
                .with_context(|| format!("cannot understand {}", from_root(manifest_path)))?,
            has_readme: folder.join("README.md").is_file(),
            library: library.map(|target| read(target.src_path.as_std_path())).transpose()?,
            files,
        })
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::from_iter(self.lint_problem());
        problems.extend(self.version_problems());
        problems.extend(self.readme_problems());
        problems.extend(self.file_problems());
        problems
    }

    fn lint_problem(&self) -> Option<String> {
        let lints = self.manifest.get("lints");
        (!lints.is_some_and(inherits))
            .then(|| format!("{}/Cargo.toml: write `[lints]` with `workspace = true`", self.folder))
    }

    fn version_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let package = self.manifest.get("package").and_then(Value::as_table);
        for key in ["version", "rust-version"] {
            if package.and_then(|package| package.get(key)).is_some_and(|value| !inherits(value)) {
                problems.push(format!(
                    "{}/Cargo.toml: write `{key}.workspace = true` in `[package]`",
                    self.folder
                ));
            }
        }
        for dependencies in dependency_tables(&self.manifest) {
            for (name, dependency) in dependencies {
                if !inherits(dependency) {
                    problems.push(format!(
                        "{}/Cargo.toml: write `{name}.workspace = true` and put what is said of \
                         `{name}` into [workspace.dependencies]",
                        self.folder
                    ));
                }
            }
        }
        problems
    }

    fn readme_problems(&self) -> Vec<String> {
        if self.name == "xtask" {
            return Vec::new();
        }
        let mut problems = Vec::new();
        if !self.has_readme {
            problems.push(format!("{}: write a README.md", self.folder));
        }
        if self.library.as_ref().is_some_and(|text| !text.contains(README_AS_DOCS)) {
            problems.push(format!(
                "{}/src/lib.rs: make the README the documentation with `{README_AS_DOCS}`",
                self.folder
            ));
        }
        problems
    }

    fn file_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (file, lines) in &self.files {
            match file.rsplit('/').next() {
                Some("mod.rs") => problems.push(format!(
                    "{file}: name the file after its module, next to the module's folder"
                )),
                Some("utils.rs") => {
                    problems.push(format!("{file}: name the file after its one subject"));
                }
                _ => {}
            }
            if *lines > MOST_LINES {
                problems.push(format!("{file}: {lines} lines; split it below {MOST_LINES}"));
            }
        }
        problems
    }
}

/// `workspace = true`, be it as a table or as a dotted key.
fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Every table of dependencies: normal, dev and build, also those for one platform.
fn dependency_tables(manifest: &Table) -> Vec<&Table> {
    let mut places = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(Value::as_table) {
        places.extend(targets.values().filter_map(Value::as_table));
    }
    places
        .into_iter()
        .flat_map(|place| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|kind| place.get(kind).and_then(Value::as_table))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(manifest: &str) -> Result<Member> {
        Ok(Member {
            name: "czo-x".into(),
            folder: "crates/czo-x".into(),
            manifest: manifest.parse()?,
            has_readme: true,
            library: Some(format!("{README_AS_DOCS}\n")),
            files: vec![("crates/czo-x/src/lib.rs".into(), MOST_LINES)],
        })
    }

    const GOOD: &str = "
        [package]
        name = 'czo-x'
        version.workspace = true
        [dependencies]
        serde.workspace = true
        tokio = { workspace = true, features = ['net'] }
        [lints]
        workspace = true
    ";

    #[test]
    fn a_member_that_follows_the_rules_has_no_problems() -> Result<()> {
        assert_eq!(member(GOOD)?.problems(), [""; 0]);
        Ok(())
    }

    #[test]
    fn lints_have_to_be_those_of_the_workspace() -> Result<()> {
        let problems = member(&GOOD.replace("[lints]", "[other]"))?.problems();
        assert_eq!(problems, ["crates/czo-x/Cargo.toml: write `[lints]` with `workspace = true`"]);
        Ok(())
    }

    #[test]
    fn a_version_is_refused_wherever_it_stands() -> Result<()> {
        for dependency in [
            "[dependencies]\nextra = '1'",
            "[dev-dependencies]\nextra = { version = '1' }",
            "[build-dependencies.extra]\nversion = '1'",
            "[target.'cfg(unix)'.dependencies]\nextra = '1'",
        ] {
            let bad = format!("{}\n{dependency}", GOOD.replace("[dependencies]", "[unrelated]"));
            let problems = member(&bad)?.problems();
            assert_eq!(problems.len(), 1, "{dependency}");
            assert!(problems[0].contains("write `extra.workspace = true`"), "{problems:?}");
        }
        let problems = member(&GOOD.replace("version.workspace = true", "version = '1.0.0'"))?;
        assert_eq!(problems.problems().len(), 1);
        Ok(())
    }

    #[test]
    fn a_library_has_its_readme_as_documentation() -> Result<()> {
        let library = Some("//! other docs".into());
        let problems = Member { has_readme: false, library, ..member(GOOD)? }.problems();
        assert_eq!(problems.len(), 2, "{problems:?}");
        Ok(())
    }

    #[test]
    fn xtask_needs_no_readme() -> Result<()> {
        let name = "xtask".into();
        let member = Member { name, has_readme: false, library: None, ..member(GOOD)? };
        assert_eq!(member.problems(), [""; 0]);
        Ok(())
    }

    #[test]
    fn a_file_has_one_subject_and_its_name_says_which() -> Result<()> {
        let files = vec![
            ("crates/czo-x/src/mod.rs".into(), 1),
            ("crates/czo-x/src/a/utils.rs".into(), 1),
            ("crates/czo-x/src/long.rs".into(), MOST_LINES + 1),
            ("crates/czo-x/src/model.rs".into(), 1),
        ];
        let problems = Member { files, ..member(GOOD)? }.problems();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[2].contains("801 lines"), "{problems:?}");
        Ok(())
    }
}
