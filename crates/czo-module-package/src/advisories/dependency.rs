//! What something was made of.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

/// The most that a list of dependencies may unpack to, in bytes.
const MAX_LIST: u64 = 16 << 20;

/// One version of a package that something was made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dependency {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: String,
}

/// Where a package is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ecosystem {
    CratesIo,
    Npm,
}

/// What `cargo auditable` notes, as far as it is used.
#[derive(Debug, Deserialize)]
struct Auditable {
    packages: Vec<AuditableCrate>,
}

#[derive(Debug, Deserialize)]
struct AuditableCrate {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: AuditableKind,
    #[serde(default)]
    root: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AuditableKind {
    #[default]
    Runtime,
    #[serde(other)]
    Build,
}

/// `package-lock.json` of npm 7 and later.
#[derive(Debug, Deserialize)]
struct NpmLock {
    packages: Option<BTreeMap<String, NpmPackage>>,
}

#[derive(Debug, Deserialize)]
struct NpmPackage {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    link: bool,
}

impl Dependency {
    /// Reads what `cargo auditable` has put into a binary: zlib-compressed JSON. What only built the
    /// binary, and crates that are from elsewhere than crates.io, are left out.
    pub(crate) fn of_auditable(section: &[u8]) -> Result<Vec<Self>, String> {
        let mut json = Vec::new();
        let read = ZlibDecoder::new(section).take(MAX_LIST + 1).read_to_end(&mut json);
        read.map_err(|error| error.to_string())?;
        if json.len() as u64 > MAX_LIST {
            return Err("it is too large".to_owned());
        }
        let list: Auditable = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        let is_used = |one: &AuditableCrate| {
            !one.root && one.kind == AuditableKind::Runtime && one.source == "crates.io"
        };
        let used = list.packages.into_iter().filter(is_used);
        let crates = used.map(|AuditableCrate { name, version, .. }| Self {
            ecosystem: Ecosystem::CratesIo,
            name,
            version,
        });
        Ok(crates.collect())
    }

    /// Reads `package-lock.json`. What is only for development is left out.
    pub(crate) fn of_npm_lock(json: &[u8]) -> Result<Vec<Self>, String> {
        let lock: NpmLock = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let packages = lock.packages.ok_or("it is of npm 6 or before")?;
        let packages = packages.into_iter().filter_map(|(path, package)| {
            let (_, installed) = path.rsplit_once("node_modules/")?;
            let is_used = !package.dev && !package.link;
            // An alias is installed under another name than its own.
            let name = package.name.unwrap_or_else(|| installed.to_owned());
            let version = package.version.filter(|_| is_used)?;
            Some(Self { ecosystem: Ecosystem::Npm, name, version })
        });
        Ok(packages.collect())
    }
}
