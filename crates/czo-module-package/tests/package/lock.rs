//! The lock file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use czo_core::{Classified, ErrorKind};
use czo_module_package::{FetchOptions, LockError, LockFile, LockedModule, ModuleSource, fetch};
use serde_json::json;

use crate::examples::{Folder, component};

fn locked(folder: &Folder, name: &str) -> LockedModule {
    let source: ModuleSource = folder.path().display().to_string().parse().unwrap();
    let fetched = fetch(&source, Path::new("/"), &FetchOptions::default()).unwrap();
    let mut module = LockedModule::of(&folder.open().unwrap(), source, &fetched);
    module.name = name.parse().unwrap();
    module
}

fn package() -> Folder {
    let folder = Folder::with_package(&json!({ "permissions": { "kv": true } }));
    folder.write("dist/tiny.wasm", component(&["czo:module/kv@0.1.0"], &[]));
    folder
}

#[test]
fn what_is_locked_is_read_back_the_same_in_one_order() {
    let folder = package();
    let (mut one, mut other) = (LockFile::default(), LockFile::default());
    for name in ["tiny", "b", "a"] {
        one.insert(locked(&folder, name));
    }
    for name in ["a", "b", "tiny", "a"] {
        other.insert(locked(&folder, name));
    }
    let text = one.to_text().unwrap();
    assert_eq!(text, other.to_text().unwrap());
    assert_eq!(LockFile::parse(&text).unwrap(), one);
    let tiny = one.get(&"tiny".parse().unwrap()).unwrap();
    assert_eq!(tiny.wit, Some("0.1.0".parse().unwrap()));
    assert_eq!(tiny.imports.iter().collect::<Vec<_>>(), ["czo:module/kv@0.1.0"]);
    assert!(tiny.grants.contains("keeps values by key"));
    assert!(one.remove(&"tiny".parse().unwrap()) && !one.remove(&"tiny".parse().unwrap()));
    assert_eq!(one.modules().len(), 2);
}

#[test]
fn the_text_is_what_it_was() {
    let folder = package();
    let mut lock = LockFile::default();
    let mut module = locked(&folder, "tiny");
    let digest = module.digest.to_string();
    let wasm = module.wasm.unwrap().to_string();
    module.source = "github:example/tiny@v1".parse().unwrap();
    module.resolved = czo_module_package::Resolved::Commit("0123456789".repeat(4));
    lock.insert(module);
    let text = lock.to_text().unwrap().replace(&digest, "<digest>").replace(&wasm, "<wasm>");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/czo.lock");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(golden).unwrap(), text);
}

#[test]
fn a_package_that_is_not_the_one_that_is_locked_is_refused() {
    let folder = package();
    let mut lock = LockFile::default();
    lock.insert(locked(&folder, "tiny"));
    lock.check(&folder.open().unwrap()).unwrap();
    folder.write("dist/tiny.wasm", component(&[], &[]));
    let error = lock.check(&folder.open().unwrap()).unwrap_err();
    assert!(matches!(error, LockError::Changed(_)));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("czo module update tiny"), "{error}");
    LockFile::default().check(&folder.open().unwrap()).unwrap();
}

#[test]
fn a_file_is_there_as_a_whole_or_not_at_all() {
    let folder = package();
    let path = folder.path().join(LockFile::FILE);
    assert_eq!(LockFile::read(&path).unwrap(), LockFile::default());
    let mut lock = LockFile::default();
    lock.insert(locked(&folder, "tiny"));
    lock.write(&path).unwrap();
    assert_eq!(LockFile::read(&path).unwrap(), lock);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let names = fs::read_dir(folder.path()).unwrap().flatten();
    assert!(names.into_iter().all(|name| !name.file_name().to_string_lossy().starts_with(".czo")));
    let error = lock.write(&folder.path().join("nowhere/czo.lock")).unwrap_err();
    assert!(matches!(error, LockError::Write { .. }));
}

#[test]
fn what_is_no_lock_file_is_refused() {
    let folder = package();
    let mut lock = LockFile::default();
    lock.insert(locked(&folder, "tiny"));
    let text = lock.to_text().unwrap();
    let (_, module) = text.split_once("[[module]]").unwrap();
    for text in [
        "",
        "version = 1\nmore = 1",
        "version = \"x\"",
        &text.replace("sha256:", "md5:"),
        &format!("{text}\n[[module]]{module}"),
    ] {
        assert!(matches!(LockFile::parse(text), Err(LockError::Broken { .. })), "{text}");
    }
    let later = LockFile::parse("version = 2\nmore = 1");
    assert!(matches!(later, Err(LockError::Later { found: 2 })));
}
