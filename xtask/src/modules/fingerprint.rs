//! Whether a module's sources are those it was built from.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use super::package;

/// What is built or installed, and so no source.
const LEFT_OUT: [&str; 2] = ["module.wasm", "node_modules"];

/// A text that another content or another name of a source changes. It is compared with what the
/// same xtask wrote, so it need not be the same with the next version of Rust.
pub(super) fn of(module: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    let mut entries = fs::read_dir(module)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            for file in package::files(&path)? {
                add(&mut hasher, module, &path.join(file))?;
            }
        } else {
            add(&mut hasher, module, &path)?;
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(hasher: &mut DefaultHasher, module: &Path, file: &Path) -> Result<()> {
    file.strip_prefix(module).unwrap_or(file).hash(hasher);
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    content.hash(hasher);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_changes_or_is_renamed_changes_the_fingerprint_and_what_is_built_does_not()
    -> Result<()> {
        let root = tempfile::tempdir()?;
        let module = root.path();
        fs::create_dir_all(module.join("src"))?;
        fs::create_dir_all(module.join("node_modules"))?;
        fs::write(module.join("src/a.js"), "1")?;
        let first = of(module)?;
        fs::write(module.join("module.wasm"), "built")?;
        fs::write(module.join("node_modules/b.js"), "1")?;
        assert_eq!(of(module)?, first);
        fs::write(module.join("src/a.js"), "2")?;
        let second = of(module)?;
        assert_ne!(second, first);
        fs::rename(module.join("src/a.js"), module.join("src/b.js"))?;
        assert_ne!(of(module)?, second);
        Ok(())
    }
}
