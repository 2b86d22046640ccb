//! Fetching a package of npm.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha512};

use super::process::Run;
use super::{FetchError, FetchOptions, Resolved};
use crate::{NpmSource, PackageError, PackagePath, unpack_tarball};

/// What `npm pack --json` says of a tarball.
#[derive(Debug, Deserialize)]
struct Packed {
    name: String,
    version: String,
    filename: String,
    integrity: String,
}

/// Unpacks a package below `directory/package`, and says which version it is.
pub(super) fn fetch(
    source: &NpmSource,
    directory: &Path,
    options: &FetchOptions,
) -> Result<Resolved, PackageError> {
    let downloads = directory.join("downloads");
    fs::create_dir(&downloads).map_err(|e| PackageError::io("create", &downloads, e))?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination"]);
    npm.arg(&downloads).args(["--", &source.spec()]);
    // An empty folder: no project's settings hold there.
    npm.current_dir(&downloads).stdin(Stdio::null()).stdout(Stdio::piped());
    npm.envs(&options.environment);
    npm.env("npm_config_ignore_scripts", "true").env("npm_config_update_notifier", "false");
    let what = format!("fetching {source}");
    let fills = Some((downloads.as_path(), options.archive.bytes));
    let run = Run { program: "npm", what, timeout: options.timeout, fills };
    let answer = run.run(&mut npm)?;
    let not_understood = |problem: String| FetchError::Answer { program: "npm", problem };
    let mut packed: Vec<Packed> =
        serde_json::from_slice(&answer).map_err(|error| not_understood(error.to_string()))?;
    let packed = packed.pop().ok_or_else(|| not_understood("it names no tarball".to_owned()))?;
    if packed.name != source.name {
        let (expected, found) = (source.name.clone(), packed.name);
        return Err(FetchError::Mismatch { what: source.to_string(), expected, found }.into());
    }
    let file: PackagePath =
        packed.filename.parse().map_err(|error| not_understood(format!("{error}")))?;
    let tarball = file.below(&downloads);
    let found = integrity(&tarball).map_err(|e| PackageError::io("read", &tarball, e))?;
    if found != packed.integrity {
        let (what, expected) = (source.to_string(), packed.integrity);
        return Err(FetchError::Mismatch { what, expected, found }.into());
    }
    let into = directory.join("package");
    fs::create_dir(&into).map_err(|e| PackageError::io("create", &into, e))?;
    let archive = File::open(&tarball).map_err(|e| PackageError::io("read", &tarball, e))?;
    unpack_tarball(archive, &into, &options.archive)?;
    Ok(Resolved::Npm { version: packed.version, integrity: packed.integrity })
}

/// What a file is, as npm writes it (Subresource Integrity).
fn integrity(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha512::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(format!("sha512-{}", STANDARD.encode(hasher.finalize())))
}
