//! Where a file is in a package.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The longest path, in bytes, and the most folders above a file.
const MAX_LEN: usize = 255;
const MAX_DEPTH: usize = 16;

/// Where a file or folder is in a package: `dist/module.wasm`.
///
/// Relative, with `/` between names, whatever the system; without `.`, `..` or empty names, control
/// characters, `\` or `:`; 255 bytes and 16 folders at most. So joined to a folder it is below that
/// folder, as long as no name of it is a symbolic link.
///
/// ```
/// use czo_module_package::PackagePath;
///
/// let path: PackagePath = "dist/module.wasm".parse()?;
/// assert_eq!(path.file_name(), "module.wasm");
/// assert!("../secrets".parse::<PackagePath>().is_err());
/// # Ok::<(), czo_module_package::PackagePathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PackagePath(String);

/// Why a text is no path in a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PackagePathError {
    /// It is empty.
    #[error("expected a path relative to the manifest, such as `dist/module.wasm`, found none")]
    Empty,
    /// It is absolute.
    #[error(
        "expected a path relative to the manifest, such as `dist/module.wasm`, not an absolute one"
    )]
    Absolute,
    /// It leads out of the package.
    #[error("expected a path within the package, without `..`")]
    Parent,
    /// It has a name that is `.` or empty.
    #[error("expected a path without `.`, empty names and `/` at its end")]
    NotPlain,
    /// It has a character that means something else on some system.
    #[error("expected `/` between names, and no control characters, `\\` or `:`")]
    Character,
    /// It is too long.
    #[error("expected at most {MAX_LEN} bytes and {MAX_DEPTH} folders")]
    TooLong,
}

impl PackagePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether it is the folder `folder`, or below it.
    #[must_use]
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0
            .strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path of `name` below this folder.
    ///
    /// # Errors
    ///
    /// If it is no path in a package then.
    pub fn join(&self, name: &str) -> Result<Self, PackagePathError> {
        format!("{}/{name}", self.0).parse()
    }

    /// Where it is below `root` on this system.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        self.0.split('/').fold(root.to_owned(), |path, name| path.join(name))
    }
}

impl FromStr for PackagePath {
    type Err = PackagePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(PackagePathError::Empty);
        }
        if text.starts_with('/') {
            return Err(PackagePathError::Absolute);
        }
        if text.contains(|c: char| c.is_control() || matches!(c, '\\' | ':')) {
            return Err(PackagePathError::Character);
        }
        if text.split('/').any(|name| name == "..") {
            return Err(PackagePathError::Parent);
        }
        if text.split('/').any(|name| name.is_empty() || name == ".") {
            return Err(PackagePathError::NotPlain);
        }
        if text.len() > MAX_LEN || text.split('/').count() > MAX_DEPTH + 1 {
            return Err(PackagePathError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PackagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PackagePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn what_leads_elsewhere_is_no_path_in_a_package() {
        for (text, expected) in [
            ("", PackagePathError::Empty),
            ("/etc/passwd", PackagePathError::Absolute),
            ("a/../../b", PackagePathError::Parent),
            ("..", PackagePathError::Parent),
            ("./a", PackagePathError::NotPlain),
            ("a//b", PackagePathError::NotPlain),
            ("a/", PackagePathError::NotPlain),
            ("a\\..\\b", PackagePathError::Character),
            ("C:/a", PackagePathError::Character),
            ("a\0b", PackagePathError::Character),
            ("a\nb", PackagePathError::Character),
        ] {
            assert_eq!(text.parse::<PackagePath>(), Err(expected), "{text:?}");
        }
        let deep = "a/".repeat(MAX_DEPTH) + "b";
        assert!(deep.parse::<PackagePath>().is_ok());
        assert_eq!(format!("a/{deep}").parse::<PackagePath>(), Err(PackagePathError::TooLong));
        assert_eq!("é".repeat(128).parse::<PackagePath>(), Err(PackagePathError::TooLong));
    }

    #[test]
    fn a_folder_of_a_similar_name_is_another() {
        let path = |text: &str| text.parse::<PackagePath>().unwrap();
        assert!(path("dist/a").is_within(&path("dist")));
        assert!(!path("dist-2/a").is_within(&path("dist")));
    }

    proptest! {
        #[test]
        fn every_path_stays_below_where_it_is_joined(text in "[a./\\\\:~\0-]{0,12}") {
            if let Ok(path) = text.parse::<PackagePath>() {
                let joined = path.below(Path::new("/packages"));
                let mut below = joined.strip_prefix("/packages").unwrap().components();
                prop_assert!(below.all(|name| matches!(name, Component::Normal(_))));
            }
        }
    }
}
