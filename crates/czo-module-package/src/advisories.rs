//! What is known of vulnerable versions, from a copy of the OSV database.

mod dependency;
mod record;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use semver::Version;

use crate::PackageError;
pub(crate) use dependency::{Dependency, Ecosystem};
use record::Record;

/// The largest record that is read, in bytes, and how many folders are looked into below each other.
const MAX_RECORD: u64 = 4 << 20;
const MAX_DEPTH: usize = 8;

/// Advisories of crates and npm packages, read once from a local copy of the OSV database: a folder
/// of its JSON files, or of the `all.zip` of ecosystems, or one of those. Nothing is looked up
/// anywhere else. Withdrawn advisories are left out.
#[derive(Clone, Debug, Default)]
pub struct Advisories {
    by_package: HashMap<(Ecosystem, String), Vec<Affected>>,
    unreadable: usize,
}

/// Which versions of one package an advisory is about.
#[derive(Clone, Debug)]
struct Affected {
    id: String,
    summary: String,
    ranges: Vec<Vec<Event>>,
    versions: Vec<String>,
}

/// From where on versions are vulnerable, or are not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Introduced(Version),
    Fixed(Version),
    LastAffected(Version),
}

/// An advisory that is about a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    pub(crate) id: &'a str,
    pub(crate) summary: &'a str,
    /// The first version that is not vulnerable any more, if there is one.
    pub(crate) fixed: Option<&'a Version>,
}

impl Advisories {
    /// Reads a copy of the database: for all of npm that takes a while, so keep what it gives. Files
    /// that are no records are counted and passed over.
    ///
    /// # Errors
    ///
    /// [`PackageError::Io`] if there is nothing at `path`, or it can't be read.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let mut advisories = Self::default();
        advisories.read(path, 0).map_err(|source| PackageError::io("read", path, source))?;
        Ok(advisories)
    }

    /// How many packages something is known of.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.by_package.len()
    }

    /// How many files could not be read as records.
    #[must_use]
    pub const fn unreadable(&self) -> usize {
        self.unreadable
    }

    fn read(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        if fs::metadata(path)?.is_dir() {
            if depth < MAX_DEPTH {
                for entry in fs::read_dir(path)? {
                    let entry = entry?;
                    // A folder that links to itself would be endless.
                    if !entry.file_type()?.is_symlink() {
                        self.read(&entry.path(), depth + 1)?;
                    }
                }
            }
            return Ok(());
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => {
                let mut bytes = Vec::new();
                File::open(path)?.take(MAX_RECORD + 1).read_to_end(&mut bytes)?;
                self.add(&bytes);
            }
            Some("zip") => self.read_zip(File::open(path)?)?,
            _ => {}
        }
        Ok(())
    }

    fn read_zip(&mut self, file: File) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(io::BufReader::new(file))?;
        let mut bytes = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            if entry.is_file() && entry.name()?.ends_with(".json") {
                bytes.clear();
                entry.take(MAX_RECORD + 1).read_to_end(&mut bytes)?;
                self.add(&bytes);
            }
        }
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) {
        let record = serde_json::from_slice::<Record>(bytes);
        match record {
            Ok(record) if bytes.len() as u64 <= MAX_RECORD => record.add_to(self),
            _ => self.unreadable += 1,
        }
    }

    /// The advisories that are about a dependency.
    pub(crate) fn matching<'a>(
        &'a self,
        dependency: &Dependency,
    ) -> impl Iterator<Item = Match<'a>> + use<'a> {
        let key = (dependency.ecosystem, dependency.name.clone());
        let text = dependency.version.clone();
        let version = text.parse::<Version>().ok();
        self.by_package.get(&key).into_iter().flatten().filter_map(move |affected| {
            let range = version.as_ref().and_then(|version| {
                affected.ranges.iter().find(|events| is_affected(events, version))
            });
            if range.is_none() && !affected.versions.contains(&text) {
                return None;
            }
            let fixed = range.into_iter().flatten().find_map(|event| match event {
                Event::Fixed(fixed) if version.as_ref().is_some_and(|v| v < fixed) => Some(fixed),
                _ => None,
            });
            Some(Match { id: &affected.id, summary: &affected.summary, fixed })
        })
    }
}

/// Whether a version is in a range, as the format says: the last event before it decides. Events are
/// sorted.
fn is_affected(events: &[Event], version: &Version) -> bool {
    events.iter().fold(false, |affected, event| match event {
        Event::Introduced(from) if version.cmp_precedence(from).is_ge() => true,
        Event::Fixed(from) if version.cmp_precedence(from).is_ge() => false,
        Event::LastAffected(last) if version.cmp_precedence(last).is_gt() => false,
        _ => affected,
    })
}
