//! What was found when a package was looked at.

use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::manifest::printable;
use crate::{GrantsDiff, ManifestError, ModuleManifest, ModuleName, Violation};

/// Everything that was found when a package was looked at, the worst first.
///
/// Its JSON is for programs (`--json`), its `Display` for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The module.
    pub module: ModuleName,
    /// Its version.
    #[serde(serialize_with = "as_text")]
    pub version: Version,
    /// What was found: errors before warnings before notes, then by place.
    pub findings: Vec<Finding>,
    /// What it may do that the version before may not, and the other way round; nothing if it was
    /// compared with none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<GrantsDiff>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Whether it keeps the module from being enabled.
    pub severity: Severity,
    /// Where: a file of the package, with `:line:column` or `#/json/pointer` where there is one.
    pub place: String,
    /// What it is, for programs: `import-not-granted`. Codes stay, and new ones are added.
    pub code: &'static str,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The module is not enabled.
    Error,
    /// Somebody should look at it.
    Warning,
    /// It is as it should be, and may surprise.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

impl Report {
    pub(crate) fn new(
        module: ModuleName,
        version: Version,
        mut findings: Vec<Finding>,
        grants: Option<GrantsDiff>,
    ) -> Self {
        findings.sort();
        findings.dedup();
        Self { module, version, findings, grants }
    }

    /// Whether something keeps the module from being enabled.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings are of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl ManifestError {
    /// What is wrong, as findings: for who shows those of a package, too. All of them are errors.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |violation: &Violation| Finding {
            severity: Severity::Error,
            place: format!("{}#{}", ModuleManifest::FILE, violation.path),
            code: "manifest",
            message: violation.problem.clone(),
            fix: violation.fix.clone().unwrap_or_else(|| "mend it as it says".to_owned()),
        };
        self.violations().iter().map(finding).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, version, findings, .. } = self;
        let verdict = if self.blocks() { "refused" } else { "may be enabled" };
        writeln!(
            f,
            "{module} {version} {verdict}: {} errors, {} warnings, {} notes",
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Note)
        )?;
        findings.iter().try_for_each(|finding| write!(f, "{finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, place, code, message, fix } = self;
        writeln!(f, "\n{severity}[{code}] {}", printable(place))?;
        writeln!(f, "  {}", printable(message))?;
        writeln!(f, "  fix: {}", printable(fix))
    }
}

fn as_text<S: serde::Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}
