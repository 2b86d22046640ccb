//! One record of the OSV database, as far as it is used (OSV schema 1.7).

use semver::Version;
use serde::Deserialize;

use super::{Advisories, Affected, Ecosystem, Event};

#[derive(Debug, Deserialize)]
pub(super) struct Record {
    id: String,
    #[serde(default)]
    summary: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<AffectedPackage>,
}

#[derive(Debug, Deserialize)]
struct AffectedPackage {
    package: Option<PackageName>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct PackageName {
    ecosystem: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<RangeEvent>,
}

#[derive(Debug, Deserialize)]
struct RangeEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

impl Record {
    /// Keeps what is of use of it.
    pub(super) fn add_to(self, advisories: &mut Advisories) {
        if self.withdrawn.is_some() {
            return;
        }
        for affected in self.affected {
            let Some(package) = affected.package else { continue };
            let ecosystem = match package.ecosystem.as_str() {
                "crates.io" => Ecosystem::CratesIo,
                "npm" => Ecosystem::Npm,
                _ => continue,
            };
            // Commits tell nothing of versions.
            let ranges = affected.ranges.into_iter().filter(|range| range.kind != "GIT");
            let affected = Affected {
                id: self.id.clone(),
                summary: self.summary.clone(),
                ranges: ranges.map(Range::events).filter(|events| !events.is_empty()).collect(),
                versions: affected.versions,
            };
            let key = (ecosystem, package.name);
            advisories.by_package.entry(key).or_default().push(affected);
        }
    }
}

impl Range {
    /// Its events, sorted by version; at the same version the end of a range comes before the
    /// beginning of the next.
    fn events(self) -> Vec<Event> {
        let mut events: Vec<_> = self.events.into_iter().filter_map(RangeEvent::event).collect();
        events.sort_by(|one, other| {
            let version = one.version().cmp_precedence(other.version());
            version.then_with(|| one.is_start().cmp(&other.is_start()))
        });
        events
    }
}

impl RangeEvent {
    fn event(self) -> Option<Event> {
        match self {
            Self { introduced: Some(text), .. } => Some(Event::Introduced(version(&text)?)),
            Self { fixed: Some(text), .. } => Some(Event::Fixed(version(&text)?)),
            Self { last_affected: Some(text), .. } => Some(Event::LastAffected(version(&text)?)),
            _ => None,
        }
    }
}

impl Event {
    fn version(&self) -> &Version {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) => {
                version
            }
        }
    }

    fn is_start(&self) -> bool {
        matches!(self, Self::Introduced(_))
    }
}

/// A version; `0` stands for the first there may be.
fn version(text: &str) -> Option<Version> {
    match text {
        "0" => "0.0.0-0".parse().ok(),
        text => text.parse().ok(),
    }
}
