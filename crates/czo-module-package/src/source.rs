//! Where a module comes from.

mod git;
mod npm;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::credentials::without_credentials;
use crate::manifest::{excerpt, printable};
pub(crate) use git::whole_commit;
pub use git::{GitRemote, GitSource};
pub use npm::NpmSource;

/// Where a module comes from, as `czo module add` is told and `czo.toml` keeps it.
///
/// | text | what it is |
/// |---|---|
/// | `./loyalty`, `../loyalty`, `/srv/loyalty` | a folder |
/// | `github:user/repo[@ref][#folder]` | a repository on GitHub |
/// | `https://host/repo.git[@ref][#folder]`, `ssh://…`, `file://…` | a git repository anywhere |
/// | `@scope/name[@version]`, `npm:name[@version]` | a package of npm |
///
/// Its text is no option of a program (`-x`), holds no password, and is read back the same.
///
/// ```
/// use czo_module_package::ModuleSource;
///
/// let source: ModuleSource = "github:example/loyalty@v1.2.0#module".parse()?;
/// assert_eq!(source.to_string(), "github:example/loyalty@v1.2.0#module");
/// assert!("github:example/loyalty@--upload-pack=x".parse::<ModuleSource>().is_err());
/// # Ok::<(), czo_module_package::SourceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ModuleSource {
    /// A folder, relative to that of `czo.toml`.
    Path(PathBuf),
    /// A git repository.
    Git(GitSource),
    /// A package of npm.
    Npm(NpmSource),
}

/// Text that does not say where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no source of a module: {problem}")]
pub struct SourceError {
    text: String,
    problem: String,
}

impl FromStr for ModuleSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = if text.chars().any(char::is_control) {
            Err("it has control characters".to_owned())
        } else if text == "."
            || text.starts_with("./")
            || text.starts_with("../")
            || text.starts_with('/')
        {
            Ok(Self::Path(PathBuf::from(text)))
        } else if let Some(rest) = text.strip_prefix("github:") {
            GitSource::on_github(rest).map(Self::Git)
        } else if let Some(rest) = text.strip_prefix("npm:") {
            NpmSource::parse(rest).map(Self::Npm)
        } else if text.starts_with('@') {
            NpmSource::parse(text).map(Self::Npm)
        } else if text.contains("://") {
            GitSource::at_url(text).map(Self::Git)
        } else {
            Err(guess(text))
        };
        let shown = || printable(&excerpt(&without_credentials(text)));
        parsed.map_err(|problem| SourceError { text: shown(), problem })
    }
}

/// What was probably meant.
fn guess(text: &str) -> String {
    if let Some((user, path)) = text.split_once(':').filter(|(user, _)| user.contains('@')) {
        return format!("write it as `ssh://{user}/{path}`");
    }
    "write `./folder`, `github:user/repo`, the URL of a git repository, `@scope/name` or `npm:name`"
        .to_owned()
}

impl fmt::Display for ModuleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Git(git) => git.fmt(f),
            Self::Npm(npm) => npm.fmt(f),
        }
    }
}

impl Serialize for ModuleSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModuleSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_source_is_read_and_written_the_same() {
        for text in [
            ".",
            "./loyalty",
            "../a b/loyalty",
            "/srv/loyalty",
            "github:example/loyalty",
            "github:example/loyalty@feature/x",
            "github:example/loyalty@v1.2.0#modules/loyalty",
            "github:example/loyalty#module",
            "https://git.example.com/a/b.git@main",
            "ssh://git@git.example.com:2222/a/b.git@v1#module",
            "file:///srv/b.git@0123456789012345678901234567890123456789",
            "@example/loyalty",
            "@example/loyalty@^1.2",
            "npm:loyalty@latest",
        ] {
            let source: ModuleSource = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn what_a_program_would_take_for_something_else_is_no_source() {
        for text in [
            "",
            "loyalty",
            "-c",
            "--help",
            "ext::sh -c true",
            "github:-x/y",
            "github:a/-b",
            "github:a/b/c",
            "github:a/..",
            "github:a/b@-x",
            "github:a/b@a..b",
            "github:a/b@+refs/heads/*",
            "github:a/b@a:b",
            "github:a/b@",
            "github:a/b#../c",
            "github:a/b#/c",
            "http://example.com/a.git",
            "git://example.com/a.git",
            "ext://x",
            "https://user:secret@example.com/a.git",
            "https://-oProxyCommand=x/a",
            "ssh://-oProxyCommand=x/a",
            "ssh://-x@example.com/a",
            "https://example.com/a.git?x=1",
            "git@example.com:a/b.git",
            "npm:",
            "npm:../x",
            "npm:-g",
            "npm:A",
            "@scope",
            "@scope/a/b",
            "@scope/name@file:..",
            "@scope/name@-x",
            "@scope/name@1 || 2",
            "npm:a@npm:b",
            "npm:a@",
            "./a\nb",
        ] {
            assert!(text.parse::<ModuleSource>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_not_repeated_and_other_spellings_are_explained() {
        let error = "https://user:secret@example.com/a".parse::<ModuleSource>().unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let error = "git@example.com:a/b.git".parse::<ModuleSource>().unwrap_err();
        assert!(error.to_string().contains("ssh://git@example.com/a/b.git"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_back_the_same(text in "(github:|npm:|@|https://|ssh://|\\./)?[a-z@/:#.-]{0,16}") {
            if let Ok(source) = text.parse::<ModuleSource>() {
                prop_assert_eq!(source.to_string().parse(), Ok(source));
            }
        }
    }
}
