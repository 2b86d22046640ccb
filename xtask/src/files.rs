//! The Rust files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Every `.rs` file under `folder`, sorted; hidden folders and build output are left out.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            // A link is not followed: it may lead out of the folder or back to its start.
            let kind = entry.file_type()?;
            if kind.is_dir() && !is_left_out(&entry.file_name().to_string_lossy()) {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_left_out(folder: &str) -> bool {
    folder == "target" || folder.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_files_of_all_depths_are_found_but_no_build_output() -> Result<()> {
        let root = tempfile::tempdir()?;
        for file in ["src/lib.rs", "src/a/b.rs", "README.md", "target/x.rs", ".git/y.rs"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            fs::write(path, "")?;
        }
        let found = rust_files(root.path())?;
        assert_eq!(found, ["src/a/b.rs", "src/lib.rs"].map(|file| root.path().join(file)));
        Ok(())
    }
}
