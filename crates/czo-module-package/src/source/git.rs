//! A git repository.

use std::fmt;

use url::Url;

use crate::PackagePath;

/// A git repository, and what of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct GitSource {
    /// Where it is.
    pub remote: GitRemote,
    /// A branch, a tag, or a commit in full; the default branch if it is left out.
    pub reference: Option<String>,
    /// The folder of the manifest; the root if it is left out.
    pub folder: Option<PackagePath>,
}

/// Where a git repository is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GitRemote {
    /// On GitHub.
    GitHub {
        /// The user or organization.
        owner: String,
        /// The repository.
        repository: String,
    },
    /// At a URL: `https`, `ssh` or `file`, without a password.
    Url(String),
}

/// The longest name of a branch or tag, in bytes.
const MAX_REFERENCE: usize = 200;

impl GitSource {
    /// Reads what follows `github:`.
    pub(super) fn on_github(text: &str) -> Result<Self, String> {
        let (rest, folder) = split_folder(text)?;
        let (rest, reference) = split_reference(rest)?;
        let (owner, repository) =
            rest.split_once('/').ok_or("write `github:user/repo`, with `@ref` and `#folder`")?;
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with(['-', '.'])
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !is_name(owner) || !is_name(repository) {
            return Err("names on GitHub have letters, digits, `-`, `_` and `.`".to_owned());
        }
        let remote = GitRemote::GitHub {
            owner: owner.to_owned(),
            repository: repository.trim_end_matches(".git").to_owned(),
        };
        Ok(Self { remote, reference, folder })
    }

    /// Reads a URL with what may follow it.
    pub(super) fn at_url(text: &str) -> Result<Self, String> {
        let (rest, folder) = split_folder(text)?;
        // An `@` before the path belongs to a user.
        let authority = rest.find("://").map_or(0, |at| at + 3);
        let path = rest[authority..].find('/').map_or(rest.len(), |at| authority + at);
        let (path, reference) = split_reference(&rest[path..]).map(|(p, r)| (path + p.len(), r))?;
        let url = &rest[..path];
        let parsed = Url::parse(url).map_err(|error| format!("it is no URL: {error}"))?;
        if !matches!(parsed.scheme(), "https" | "ssh" | "file") {
            return Err("write a URL of `https`, `ssh` or `file`".to_owned());
        }
        if parsed.password().is_some() {
            return Err(
                "leave the password out, and keep it where git looks for it (git-credential)"
                    .to_owned(),
            );
        }
        let begins_with_hyphen = |part: &str| part.starts_with('-');
        if begins_with_hyphen(parsed.username())
            || parsed.host_str().is_some_and(begins_with_hyphen)
            || parsed.query().is_some()
            || (parsed.scheme() != "file" && parsed.host_str().is_none())
        {
            return Err("write the URL of a repository only".to_owned());
        }
        Ok(Self { remote: GitRemote::Url(url.to_owned()), reference, folder })
    }

    /// The URL that git is given.
    pub(crate) fn url(&self) -> String {
        match &self.remote {
            GitRemote::GitHub { owner, repository } => {
                format!("https://github.com/{owner}/{repository}.git")
            }
            GitRemote::Url(url) => url.clone(),
        }
    }
}

fn split_folder(text: &str) -> Result<(&str, Option<PackagePath>), String> {
    match text.split_once('#') {
        None => Ok((text, None)),
        Some((rest, folder)) => match folder.parse() {
            Ok(folder) => Ok((rest, Some(folder))),
            Err(error) => Err(format!("what follows `#` is no folder of it: {error}")),
        },
    }
}

fn split_reference(text: &str) -> Result<(&str, Option<String>), String> {
    match text.split_once('@') {
        None => Ok((text, None)),
        Some((rest, name)) if is_reference(name) => Ok((rest, Some(name.to_owned()))),
        Some(_) => Err("write a branch, a tag or a whole commit after `@`".to_owned()),
    }
}

/// Whether it is a name that git allows (git-check-ref-format), and that no program takes for an
/// option or for more than one.
fn is_reference(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    name.len() <= MAX_REFERENCE
        && !name.starts_with(['-', '+'])
        && !name.contains("..")
        && name.split('/').all(is_part)
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./+".contains(&b))
}

/// The commit that a reference names by itself: 40 hexadecimal digits, or 64.
pub(crate) fn whole_commit(reference: &str) -> Option<&str> {
    let is_hex = reference.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    (is_hex && matches!(reference.len(), 40 | 64)).then_some(reference)
}

impl fmt::Display for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remote {
            GitRemote::GitHub { owner, repository } => write!(f, "github:{owner}/{repository}")?,
            GitRemote::Url(url) => f.write_str(url)?,
        }
        if let Some(reference) = &self.reference {
            write!(f, "@{reference}")?;
        }
        self.folder.as_ref().map_or(Ok(()), |folder| write!(f, "#{folder}"))
    }
}
