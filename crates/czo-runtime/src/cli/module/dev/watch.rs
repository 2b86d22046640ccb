//! Whether a file of a module has changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often it is looked, and how long files must have stayed as they are: an editor writes several.
const LOOK: Duration = Duration::from_millis(100);

/// What is built, fetched or hidden.
const LEFT_OUT: [&str; 5] = ["target", "node_modules", "dist", "__pycache__", "venv"];

/// The most files that are looked at.
const MOST: usize = 10_000;

/// The files of a module. It looks at them, since a folder of another machine tells nobody of its
/// changes, and a module has few files.
pub(super) struct Watch {
    folder: PathBuf,
    known: Snapshot,
}

type Snapshot = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl Watch {
    /// The files as they are now.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), known: snapshot(folder) }
    }

    /// Takes what was written by building for known. What was changed meanwhile by somebody else is
    /// still seen, unless it has the ending of what is built.
    pub(super) fn settle(&mut self) {
        let now = snapshot(&self.folder);
        self.known.retain(|path, _| !is_built(path));
        self.known.extend(now.into_iter().filter(|(path, _)| is_built(path)));
    }

    /// Returns once a file has changed, came or went, and nothing has changed since.
    pub(super) async fn changed(&mut self) {
        let mut before = self.known.clone();
        loop {
            let now = snapshot(&self.folder);
            if now == before && now != self.known {
                self.known = now;
                return;
            }
            before = now;
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether a file is what is built, and not what it is built from.
fn is_built(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("wasm" | "lock")) || path.ends_with("package-lock.json")
}

fn snapshot(folder: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // One that has just gone has no files.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let Ok(kind) = entry.file_type() else { continue };
            if is_hidden || LEFT_OUT.iter().any(|left_out| name == *left_out) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if let Ok(metadata) = entry.metadata()
                && files.len() < MOST
            {
                files.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_seen_and_what_is_built_or_hidden_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.js", "1");
        let mut watch = Watch::of(folder.path());
        fs::create_dir(folder.path().join("target")).unwrap();
        write("target/x", "built");
        write(".hidden", "1");
        write("module.wasm", "built");
        watch.settle();
        assert_eq!(snapshot(folder.path()), watch.known);
        write("a.js", "changed");
        watch.changed().await;
        assert_eq!(snapshot(folder.path()), watch.known);
    }

    #[test]
    fn what_is_changed_while_it_is_built_is_seen_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.js"), "1").unwrap();
        let mut watch = Watch::of(folder.path());
        fs::write(folder.path().join("a.js"), "changed").unwrap();
        watch.settle();
        assert_ne!(snapshot(folder.path()), watch.known);
    }
}
