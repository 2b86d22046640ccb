//! Reading a package from a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use czo_core::{Classified, ErrorKind};
use czo_module_package::{Package, PackageError, PackageLimits};
use serde_json::json;

use crate::examples::{Folder, rules};

fn full() -> Folder {
    let folder = Folder::with_dashboard(&[("app.js", "export {};"), ("img/a.png", "png")]);
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("czo-module.json")).unwrap()).unwrap();
    manifest["permissions"] = json!({ "sql": true });
    manifest["migrations"] = json!("migrations");
    folder.write("czo-module.json", manifest.to_string());
    folder.write("migrations/0001_points/up.sql", "create table mod_tiny_a (b integer)");
    folder
}

#[test]
fn a_package_has_what_its_manifest_names_and_nothing_else() {
    let folder = full();
    folder.write("src/secret.rs", "not part of it");
    folder.write("web/.env", "KEY=secret");
    let package = folder.open().unwrap();
    let paths: Vec<_> = package.files().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "czo-module.json",
            "dist/tiny.wasm",
            "migrations/0001_points/up.sql",
            "package-lock.json",
            "web/app.js",
            "web/img/a.png",
            "web/index.html",
        ]
    );
    assert_eq!(package.migrations().count(), 1);
    assert_eq!(package.assets().count(), 3);
    assert!(package.wasm().is_some() && package.npm_lock().is_some());
}

#[test]
fn the_digest_is_of_names_and_contents_and_of_nothing_else() {
    let folder = full();
    let digest = folder.open().unwrap().digest();
    folder.write("notes.txt", "another file");
    assert_eq!(folder.open().unwrap().digest(), digest);
    fs::rename(folder.path().join("web/app.js"), folder.path().join("web/b.js")).unwrap();
    let renamed = folder.open().unwrap().digest();
    assert_ne!(renamed, digest);
    folder.write("web/b.js", "export { };");
    assert_ne!(folder.open().unwrap().digest(), renamed);
}

#[test]
fn what_was_read_is_what_is_used() {
    let folder = full();
    let package = folder.open().unwrap();
    folder.write("web/app.js", "evil()");
    let kept = Folder::new();
    let root = kept.path().join("kept");
    package.write_to(&root).unwrap();
    assert_eq!(fs::read(root.join("web/app.js")).unwrap(), b"export {};");
    let again = Package::open(&root, &rules(), &PackageLimits::default()).unwrap();
    assert_eq!(again.digest(), package.digest());
    assert!(matches!(package.write_to(&root), Err(PackageError::Io { .. })));
}

#[test]
fn links_are_refused_wherever_they_are() {
    for place in ["dist/tiny.wasm", "web/app.js", "czo-module.json"] {
        let folder = full();
        let at = folder.path().join(place);
        fs::rename(&at, folder.path().join("real")).unwrap();
        symlink(folder.path().join("real"), &at).unwrap();
        let error = folder.open().unwrap_err();
        assert!(matches!(error, PackageError::NotAFile { .. }), "{place}: {error}");
    }
    for place in ["dist", "web", "web/img", "migrations"] {
        let folder = full();
        let at = folder.path().join(place);
        fs::rename(&at, folder.path().join("real")).unwrap();
        symlink(folder.path().join("real"), &at).unwrap();
        let error = folder.open().unwrap_err();
        assert!(matches!(error, PackageError::NotAFile { .. }), "{place}: {error}");
    }
}

#[test]
fn what_is_no_file_is_refused_without_waiting_for_it() {
    let folder = full();
    let at = folder.path().join("web/app.js");
    fs::remove_file(&at).unwrap();
    let _listener = UnixListener::bind(&at).unwrap();
    assert!(folder.open().unwrap_err().to_string().contains("a socket"));
    fs::remove_file(&at).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&at).status().unwrap();
    assert!(made.success());
    assert!(folder.open().unwrap_err().to_string().contains("a pipe"));
}

#[test]
fn a_package_is_no_larger_than_it_may_be() {
    let folder = full();
    let limits = PackageLimits::default();
    for limits in [
        PackageLimits { files: 6, ..limits },
        PackageLimits { total_bytes: 100, ..limits },
        PackageLimits { wasm_bytes: 4, ..limits },
    ] {
        let error = Package::open(folder.path(), &rules(), &limits).unwrap_err();
        assert!(matches!(error, PackageError::TooLarge { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let exact = PackageLimits { files: 7, ..limits };
    assert!(Package::open(folder.path(), &rules(), &exact).is_ok());
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    for (path, fix) in [
        ("czo-module.json", "write a manifest"),
        ("dist/tiny.wasm", "build it first"),
        ("web/index.html", "mend `entry`"),
    ] {
        let folder = full();
        fs::remove_file(folder.path().join(path)).unwrap();
        let error = folder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains(fix) && error.to_string().contains(path), "{error}");
    }
    let folder = full();
    fs::remove_dir_all(folder.path().join("migrations")).unwrap();
    assert!(folder.open().unwrap_err().to_string().contains("leave `migrations` out"));
}

#[test]
fn what_is_wrong_with_a_manifest_is_told_like_all_else() {
    let folder = Folder::with_package(&json!({ "endpoint": [] }));
    let PackageError::Manifest(error) = folder.open().unwrap_err() else { panic!("a manifest") };
    let findings: Vec<_> = error.findings().iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "\nerror[manifest] czo-module.json#/endpoint\n  unknown field `endpoint`\n  fix: did you mean `endpoints`?\n"
        ]
    );
}
