//! `app validate`

use anyhow::{Context, bail};
use clap::Args;
use czo_apps::{AppManifest, HttpUrl, Violation};
use serde::Serialize;
use url::Host;

use super::fetcher::fetcher_of;
use super::source::{Source, read, source};
use crate::Czo;
use crate::cli::output::{how_many, print, print_json};

/// Which manifest, and what it is held to.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The manifest: a file, or its URL
    #[arg(value_name = "FILE|URL", value_parser = source)]
    manifest: Source,
    /// A host that needs no https, as one's own machine while an app is written; may be repeated
    ///
    /// A server takes such a manifest only if it is configured to.
    #[arg(long, value_name = "HOST", value_parser = host)]
    allow: Vec<Host>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn host(text: &str) -> Result<Host, &'static str> {
    Host::parse(text).map_err(|_| "expected a host without a port, such as `127.0.0.1` or `[::1]`")
}

/// What is said of a manifest as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    is_valid: bool,
    violations: &'a [Violation],
}

impl ValidateArgs {
    pub(super) async fn execute(&self, czo: &Czo) -> anyhow::Result<()> {
        let rules = czo.manifest_rules()?.insecure_hosts(self.allow.iter().cloned());
        let bytes = match &self.manifest {
            Source::File(path) => read(path)?,
            Source::Url(url) => fetch(url).await?,
        };
        let read = AppManifest::read(&bytes, &rules);
        let violations = read.as_ref().err().map_or(&[][..], |error| error.violations());
        if self.json {
            print_json(&Report { is_valid: read.is_ok(), violations })?;
        } else {
            violations.iter().for_each(|violation| print(&violation.to_string()));
        }
        match &read {
            Ok(manifest) if !self.json => {
                print(&format!("{} {} is valid", manifest.id, manifest.version));
            }
            Ok(_) => {}
            Err(_) => {
                let number = how_many(violations.len() as u64, "problem");
                bail!("the manifest has {number}");
            }
        }
        Ok(())
    }
}

async fn fetch(url: &HttpUrl) -> anyhow::Result<Vec<u8>> {
    let fetched = fetcher_of(url).get(url.as_str(), AppManifest::MAX_BYTES).await;
    Ok(fetched.with_context(|| format!("cannot fetch {}", url.as_str()))?.body.to_vec())
}
