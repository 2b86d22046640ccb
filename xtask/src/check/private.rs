//! No tracked file names a folder of the machine it was written on.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Every line of a tracked file that holds the path of this repository or of the home folder.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let root = workspace.root().to_string_lossy().into_owned();
    let home = env::var("HOME").unwrap_or_default();
    let private = private_paths(&root, &home);
    let mut git = workspace.command("git");
    let tracked = process::read(git.args(["ls-files", "-z"]))?;
    let mut problems = Vec::new();
    for file in tracked.split('\0').filter(|file| !file.is_empty()) {
        let Some(content) = content(&workspace.root().join(file))? else {
            continue;
        };
        for (path, what) in &private {
            for line in lines_with(&content, path.as_bytes()) {
                problems.push(format!("{file}:{line} names {what}"));
            }
        }
    }
    Ok(problems)
}

/// The paths to look for, each with what it is.
///
/// `/` says nothing, and a repository right under it (`/src` in a container) has a name that is
/// part of too many honest paths.
fn private_paths(root: &str, home: &str) -> Vec<(String, &'static str)> {
    let [root, home] = [root, home].map(|path| path.trim_end_matches('/'));
    let mut paths = Vec::new();
    if root.matches('/').count() > 1 {
        paths.push((root.to_owned(), "the folder of this repository"));
    }
    if !home.is_empty() {
        paths.push((home.to_owned(), "the home folder"));
    }
    paths
}

/// The content of a file, or `None` if it is no file (deleted, a link, a submodule).
fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    let read = || match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

/// The numbers of the lines with `path` as a whole path: `/home/ada` is not in `/home/adam`, and
/// not in `x/home/ada`.
fn lines_with(content: &[u8], path: &[u8]) -> Vec<usize> {
    content
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| has_path(line, path))
        .map(|(index, _)| index + 1)
        .collect()
}

fn has_path(line: &[u8], path: &[u8]) -> bool {
    line.windows(path.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        let after = line.get(at + path.len());
        window == path
            && !before.is_some_and(|byte| continues_a_name(*byte) || *byte == b'.')
            && !after.is_some_and(|byte| continues_a_name(*byte))
    })
}

fn continues_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_on_its_lines() {
        let text = b"a\n/home/ada/czo/src\nb\n\"/home/ada\"\nfile:///home/ada.\n";
        assert_eq!(lines_with(text, b"/home/ada"), [2, 4, 5]);
    }

    #[test]
    fn a_part_of_another_path_is_not_found() {
        for text in ["/home/adam", "x/home/ada", "../home/ada", "/home/ada_2", "https://h/home/ada"]
        {
            assert_eq!(lines_with(text.as_bytes(), b"/home/ada"), [0; 0], "{text}");
        }
    }

    #[test]
    fn a_path_in_a_binary_file_is_found() {
        assert_eq!(lines_with(b"\0\xff/home/ada\0\n", b"/home/ada"), [1]);
    }

    #[test]
    fn a_home_at_the_top_says_nothing() {
        let both = private_paths("/home/ada/czo", "/home/ada/");
        assert_eq!(
            both.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            ["/home/ada/czo", "/home/ada"]
        );
        assert_eq!(private_paths("/src", "/"), []);
        assert_eq!(private_paths("/src", ""), []);
    }
}
