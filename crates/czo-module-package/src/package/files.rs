//! Reading the files of a folder that somebody else has written.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::PackageLimits;
use crate::{PackageError, PackagePath};

/// A folder, and how much may still be read of it.
pub(super) struct Folder {
    root: PathBuf,
    limits: PackageLimits,
    bytes_left: u64,
    read: BTreeSet<PackagePath>,
}

impl Folder {
    pub(super) fn new(root: &Path, limits: PackageLimits) -> Result<Self, PackageError> {
        let root = fs::canonicalize(root).map_err(|e| PackageError::io("open", root, e))?;
        if !root.is_dir() {
            let source = io::Error::from(io::ErrorKind::NotADirectory);
            return Err(PackageError::io("open", &root, source));
        }
        Ok(Self { root, limits, bytes_left: limits.total_bytes, read: BTreeSet::new() })
    }

    pub(super) fn has(&self, path: &PackagePath) -> bool {
        fs::symlink_metadata(path.below(&self.root)).is_ok()
    }

    /// Reads a regular file of at most `most` bytes.
    pub(super) fn read(
        &mut self,
        path: &PackagePath,
        most: u64,
        fix: &str,
    ) -> Result<Vec<u8>, PackageError> {
        let looked_at = self.metadata(path, fix)?;
        if !looked_at.is_file() {
            return Err(not_a_file(path, &looked_at));
        }
        if self.read.insert(path.clone()) && self.read.len() > self.limits.files {
            return Err(self.too_many());
        }
        let at = path.below(&self.root);
        let io = |source| PackageError::io("read", &at, source);
        let file = File::open(&at).map_err(io)?;
        let opened = file.metadata().map_err(io)?;
        // Somebody may put a link there after it was looked at.
        if (opened.dev(), opened.ino()) != (looked_at.dev(), looked_at.ino()) {
            return Err(not_a_file(path, &opened));
        }
        let mut bytes = Vec::new();
        let allowed = most.min(self.bytes_left);
        file.take(allowed.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
        let length = bytes.len() as u64;
        if length > most {
            return Err(PackageError::too_large(format!("{path} is too large"), most, "bytes"));
        }
        if length > self.bytes_left {
            let most = self.limits.total_bytes;
            return Err(PackageError::too_large("the package is too large", most, "bytes"));
        }
        self.bytes_left -= length;
        Ok(bytes)
    }

    /// The files in and below a folder, without what is hidden.
    pub(super) fn list(
        &self,
        folder: &PackagePath,
        fix: &str,
    ) -> Result<Vec<PackagePath>, PackageError> {
        let metadata = self.metadata(folder, fix)?;
        if !metadata.is_dir() {
            return Err(PackageError::NotAFile { path: folder.to_string(), found: "no folder" });
        }
        let mut found = Vec::new();
        let mut folders = vec![folder.clone()];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            let at = folder.below(&self.root);
            let io = |source| PackageError::io("read", &at, source);
            for entry in fs::read_dir(&at).map_err(io)? {
                let entry = entry.map_err(io)?;
                seen += 1;
                // Folders count too, or there might be millions.
                if seen > self.limits.files.saturating_mul(2) {
                    return Err(self.too_many());
                }
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                    return Err(PackageError::NotAFile {
                        path: entry.path().display().to_string(),
                        found: "named with bytes that are no UTF-8",
                    });
                };
                if name.starts_with('.') {
                    continue;
                }
                let path = folder
                    .join(&name)
                    .map_err(|source| PackageError::Path { path: name.clone(), source })?;
                let metadata = fs::symlink_metadata(entry.path()).map_err(io)?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if metadata.is_file() {
                    found.push(path);
                } else {
                    return Err(not_a_file(&path, &metadata));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// What is at `path`, no folder of which is a link.
    fn metadata(&self, path: &PackagePath, fix: &str) -> Result<Metadata, PackageError> {
        let mut at = self.root.clone();
        let mut names = path.as_str().split('/').peekable();
        loop {
            at.extend(names.next());
            let metadata = match fs::symlink_metadata(&at) {
                Ok(metadata) => metadata,
                Err(error) if is_absence(&error) => {
                    let (path, fix) = (path.to_string(), fix.to_owned());
                    return Err(PackageError::Missing { path, fix });
                }
                Err(source) => return Err(PackageError::io("read", &at, source)),
            };
            if metadata.is_symlink() {
                return Err(not_a_file(path, &metadata));
            }
            if names.peek().is_none() {
                return Ok(metadata);
            }
        }
    }

    fn too_many(&self) -> PackageError {
        let most = self.limits.files as u64;
        PackageError::too_large("the package has too many files", most, "files")
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn not_a_file(path: &PackagePath, metadata: &Metadata) -> PackageError {
    let kind = metadata.file_type();
    let found = if kind.is_symlink() {
        "a symbolic link, or behind one"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "another file than a moment ago"
    };
    PackageError::NotAFile { path: path.to_string(), found }
}
