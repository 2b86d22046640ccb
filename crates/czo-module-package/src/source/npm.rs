//! A package of npm.

use std::fmt;

/// A package of npm. Which registry it is from, npm's own configuration says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct NpmSource {
    /// Its name: `loyalty` or `@example/loyalty`.
    pub name: String,
    /// A version, a range such as `^1.2`, or a tag; `latest` if it is left out.
    pub version: Option<String>,
}

/// The longest name, in bytes, as npm has it, and the longest version.
const MAX_NAME: usize = 214;
const MAX_VERSION: usize = 100;

impl NpmSource {
    /// Reads a name with what may follow it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let scope = usize::from(text.starts_with('@'));
        let (name, version) = match text[scope..].split_once('@') {
            Some((name, version)) => (&text[..scope + name.len()], Some(version)),
            None => (text, None),
        };
        if !is_name(name) {
            return Err("names of npm are like `loyalty` or `@example/loyalty`".to_owned());
        }
        if version.is_some_and(|version| !is_version(version)) {
            return Err("write a version, one range such as `^1.2`, or a tag after `@`".to_owned());
        }
        Ok(Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }

    /// What npm is given.
    pub(crate) fn spec(&self) -> String {
        let Self { name, version } = self;
        format!("{name}@{}", version.as_deref().unwrap_or("latest"))
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
    };
    let fits = match name.strip_prefix('@') {
        Some(rest) => rest.split_once('/').is_some_and(|(a, b)| is_part(a) && is_part(b)),
        None => is_part(name),
    };
    fits && name.len() <= MAX_NAME
}

/// Whether it can only be a version, a range or a tag, and neither a URL nor a file.
fn is_version(version: &str) -> bool {
    (1..=MAX_VERSION).contains(&version.len())
        && version.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '^' | '~'))
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+^~".contains(&b))
}

impl fmt::Display for NpmSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.starts_with('@') {
            f.write_str("npm:")?;
        }
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}
