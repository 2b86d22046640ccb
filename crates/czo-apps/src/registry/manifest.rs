//! Where a manifest comes from.

use std::fmt;

use super::AppRegistry;
use super::options::Patience;
use crate::transport::within;
use crate::{AppError, AppManifest, HttpUrl};

/// Where a manifest comes from.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestSource {
    /// From this URL. Where the manifest does not say where its newest version is, that is it.
    Url(HttpUrl),
    /// It is handed in, as bytes.
    Document(Vec<u8>),
}

impl fmt::Debug for ManifestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.debug_tuple("Url").field(url).finish(),
            Self::Document(bytes) => write!(f, "Document({} bytes)", bytes.len()),
        }
    }
}

impl AppRegistry {
    /// Reads a manifest and holds it to the rules.
    pub(super) async fn read_manifest(
        &self,
        source: &ManifestSource,
        patience: Patience,
    ) -> Result<AppManifest, AppError> {
        let rules = &self.shared.rules;
        let url = match source {
            ManifestSource::Document(bytes) => return Ok(AppManifest::read(bytes, rules)?),
            ManifestSource::Url(url) => url,
        };
        let bytes = self.fetch_manifest(url, patience).await?;
        let mut manifest = AppManifest::read(&bytes, rules)?;
        manifest.manifest_url.get_or_insert_with(|| url.clone());
        Ok(manifest)
    }

    async fn fetch_manifest(&self, url: &HttpUrl, patience: Patience) -> Result<Vec<u8>, AppError> {
        let is_insecure = url.as_url().scheme() != "https";
        if is_insecure && !self.shared.rules.may_be_insecure(url.as_url()) {
            return Err(AppError::Insecure { url: url.clone() });
        }
        let limits = patience.of_manifest();
        let answer = within(limits, self.shared.transport.get(url, limits)).await;
        let answer = answer.map_err(|source| AppError::Fetch { url: url.clone(), source })?;
        if !answer.is_success() {
            return Err(AppError::FetchStatus { url: url.clone(), status: answer.status });
        }
        Ok(answer.body)
    }
}
