//! Where a manifest is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use czo_apps::{AppManifest, HttpUrl, HttpUrlError, ManifestSource};

/// Where a manifest is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Url(HttpUrl),
}

pub(super) fn source(text: &str) -> Result<Source, HttpUrlError> {
    if text.contains("://") { text.parse().map(Source::Url) } else { Ok(Source::File(text.into())) }
}

impl Source {
    /// What an app is installed from, or updated to.
    pub(super) fn manifest(&self) -> anyhow::Result<ManifestSource> {
        match self {
            Self::Url(url) => Ok(ManifestSource::Url(url.clone())),
            Self::File(path) => Ok(ManifestSource::Document(read(path)?)),
        }
    }
}

/// No more than tells that it is too large: what follows is not looked at.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let most = AppManifest::MAX_BYTES as u64 + 1;
    File::open(path)
        .with_context(cannot)?
        .take(most)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(bytes)
}
