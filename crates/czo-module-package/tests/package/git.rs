//! Fetching from git repositories.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use czo_module_package::{
    ArchiveLimits, FetchError, FetchOptions, Fetched, ModuleSource, PackageError, Resolved, fetch,
};
use serde_json::json;

use crate::examples::{Folder, component, manifest};

/// A repository that goes with the test.
struct Repository(Folder);

impl Repository {
    fn new() -> Self {
        let folder = Folder::new();
        let repository = Self(folder);
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.write("czo-module.json", manifest(&json!({})).to_string());
        repository.write("dist/tiny.wasm", component(&[], &[]));
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.0.write(path, bytes);
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(["-c", "protocol.file.allow=always", "-c", "core.hooksPath=/dev/null"])
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Fetches what `rest` says of it: `@ref#folder`.
    fn fetch(&self, rest: &str) -> Result<Fetched, PackageError> {
        self.fetch_with(rest, &FetchOptions::default())
    }

    fn fetch_with(&self, rest: &str, options: &FetchOptions) -> Result<Fetched, PackageError> {
        let source: ModuleSource =
            format!("file://{}{rest}", self.path().display()).parse().unwrap();
        fetch(&source, Path::new("/"), options)
    }
}

#[test]
fn a_branch_a_tag_and_a_commit_come_to_a_commit() {
    let repository = Repository::new();
    let first = repository.commit("first");
    repository.git(&["tag", "-a", "v1", "-m", "one"]);
    repository.git(&["branch", "feature/x"]);
    repository.write("dist/tiny.wasm", "changed");
    let second = repository.commit("second");
    for (rest, commit) in [
        (String::new(), &second),
        ("@main".to_owned(), &second),
        ("@v1".to_owned(), &first),
        ("@feature/x".to_owned(), &first),
        (format!("@{second}"), &second),
    ] {
        let fetched = repository.fetch(&rest).unwrap();
        assert_eq!(fetched.resolved, Resolved::Commit(commit.clone()), "{rest}");
        let is_first = fs::read(fetched.root.join("dist/tiny.wasm")).unwrap() != b"changed";
        assert_eq!(is_first, *commit == first, "{rest}");
    }
}

#[test]
fn a_folder_of_a_repository_is_a_package_by_itself() {
    let repository = Repository::new();
    repository.write("modules/other/czo-module.json", "{}");
    repository.write("modules/other-2/czo-module.json", "not this");
    repository.commit("first");
    let fetched = repository.fetch("#modules/other").unwrap();
    assert_eq!(fs::read_dir(&fetched.root).unwrap().count(), 1);
    assert_eq!(fs::read(fetched.root.join("czo-module.json")).unwrap(), b"{}");
}

#[test]
fn what_was_fetched_goes_with_the_value() {
    let repository = Repository::new();
    repository.commit("first");
    let fetched = repository.fetch("").unwrap();
    let root = fetched.root.clone();
    assert!(fetched.is_temporary() && root.exists());
    drop(fetched);
    assert!(!root.exists());
}

#[test]
fn nothing_of_a_repository_is_executed() {
    let repository = Repository::new();
    let evil = repository.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\ncat\n", evil.display());
    // A filter and a hook that the repository brings, and that its own settings name.
    repository.write("evil.sh", &script);
    fs::set_permissions(repository.path().join("evil.sh"), fs::Permissions::from_mode(0o755))
        .unwrap();
    repository.commit("first");
    repository.write(".gitattributes", "* filter=evil\ndist/* export-ignore\n");
    repository
        .write(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch% ran\n");
    repository.write(
        "package.json",
        json!({ "name": "x", "scripts": { "prepare": script, "preinstall": script } }).to_string(),
    );
    repository.commit("second");
    for hook in ["post-checkout", "post-merge", "reference-transaction", "pre-receive"] {
        let path = repository.path().join(".git/hooks").join(hook);
        repository.write(&format!(".git/hooks/{hook}"), &script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Settings of the user, which name the filter too: they hold where something is checked out.
    let config = repository.path().join("user.gitconfig");
    let command = repository.path().join("evil.sh").display().to_string();
    fs::write(
        &config,
        format!("[filter \"evil\"]\n\tsmudge = {command}\n\tclean = {command}\n\trequired = true\n[core]\n\thooksPath = {}\n\tfsmonitor = {command}\n", repository.path().join(".git/hooks").display()),
    )
    .unwrap();
    let options = FetchOptions {
        environment: [("GIT_CONFIG_GLOBAL".to_owned(), config.display().to_string())].into(),
        ..FetchOptions::default()
    };
    let fetched = repository.fetch_with("", &options).unwrap();
    assert!(fetched.root.join("dist/tiny.wasm").exists());
    assert!(fetched.root.join("package.json").exists());
    assert!(!evil.exists(), "something was executed");
}

#[test]
fn links_and_submodules_are_left_out() {
    let repository = Repository::new();
    symlink("/etc/passwd", repository.path().join("link")).unwrap();
    symlink("/etc", repository.path().join("folder")).unwrap();
    let commit = repository.commit("first");
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    repository.git(&["commit", "--quiet", "-m", "second"]);
    let fetched = repository.fetch("").unwrap();
    for name in ["link", "folder", "sub"] {
        assert!(fetched.root.join(name).symlink_metadata().is_err(), "{name}");
    }
    assert!(fetched.root.join("czo-module.json").exists());
}

#[test]
fn a_repository_that_is_too_large_is_refused() {
    let repository = Repository::new();
    repository.write("large", "a".repeat(1 << 20));
    repository.commit("first");
    let archive = ArchiveLimits { bytes: 1 << 19, ..ArchiveLimits::default() };
    let options = FetchOptions { archive, ..FetchOptions::default() };
    let error = repository.fetch_with("", &options).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { .. }), "{error}");
    let archive = ArchiveLimits { entries: 2, ..ArchiveLimits::default() };
    let options = FetchOptions { archive, ..FetchOptions::default() };
    let error = repository.fetch_with("", &options).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { most: 2, .. }), "{error}");
}

#[test]
fn what_is_not_there_and_what_is_too_slow_is_told() {
    let repository = Repository::new();
    repository.commit("first");
    let error = repository.fetch("@nowhere").unwrap_err();
    assert!(matches!(error, PackageError::Fetch(FetchError::Failed { .. })), "{error}");
    assert!(error.to_string().contains("nowhere"), "{error}");
    let options = FetchOptions { timeout: Duration::ZERO, ..FetchOptions::default() };
    let error = repository.fetch_with("", &options).unwrap_err();
    assert!(matches!(error, PackageError::Fetch(FetchError::Timeout { .. })), "{error}");
}

#[test]
fn a_folder_is_used_where_it_is() {
    let folder = Folder::with_package(&json!({}));
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let source: ModuleSource = format!("./{name}").parse().unwrap();
    let fetched =
        fetch(&source, folder.path().parent().unwrap(), &FetchOptions::default()).unwrap();
    assert_eq!(fetched.root, folder.path().canonicalize().unwrap());
    drop(fetched);
    assert!(folder.path().exists());
    let nowhere: ModuleSource = "./nowhere".parse().unwrap();
    assert!(fetch(&nowhere, folder.path(), &FetchOptions::default()).is_err());
}
