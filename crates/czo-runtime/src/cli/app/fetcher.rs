//! How what a person names is asked.

use czo_apps::HttpUrl;
use czo_fetch::{AllowedHost, FetchOptions, Fetcher};

/// Asks the host of this URL whatever its address, since whoever is at the command line has named it;
/// any other, as one that a redirect leads to, on the public internet only.
pub(super) fn fetcher_of(url: &HttpUrl) -> Fetcher {
    let url = url.as_url();
    let authority = url.host_str().zip(url.port_or_known_default());
    let named: Option<AllowedHost> =
        authority.and_then(|(host, port)| format!("{host}:{port}").parse().ok());
    let mut options = FetchOptions::default();
    options.allow.extend(named);
    Fetcher::new(options)
}
