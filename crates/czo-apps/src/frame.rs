//! The headers that keep an app in its frame.

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

use crate::{Extension, HttpUrl};

/// The headers of a page of the dashboard that shows extensions in frames, or of a page of an app
/// that is shown in one.
///
/// **Promise.** With those of [`for_dashboard`](Self::for_dashboard) a browser shows frames of the
/// origins of these extensions only, wherever a page in a frame leads, shows the dashboard itself
/// in nobody's frame, and tells a page in a frame no more of the dashboard's address than its
/// origin. An extension of the dashboard's own origin is refused, since the sandbox of its frame would
/// not keep it from the dashboard.
///
/// **Limits.** The `Content-Security-Policy` says nothing of scripts, styles and connections: the
/// dashboard sends its own beside it, and browsers hold the page to both. Cookies know no ports, so
/// an app at another port of the dashboard's host is one for development only.
///
/// ```
/// use czo_apps::FrameHeaders;
///
/// # fn example(product_page: &[czo_apps::Extension]) -> Result<(), Box<dyn std::error::Error>> {
/// let dashboard = "https://dashboard.example.com".parse()?;
/// for (name, value) in FrameHeaders::for_dashboard(&dashboard, product_page)?.iter() {
///     println!("{name}: {value}");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHeaders {
    policy: String,
    is_dashboard: bool,
}

/// Why an extension is shown in no frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Its page is of the dashboard's own origin.
    #[error("{url} is of the dashboard's own origin")]
    Dashboard {
        /// Its page.
        url: HttpUrl,
    },
    /// Its host can't be named in a header, where it would mean something else.
    #[error("the host of {url} has characters that hosts of frames do not have")]
    Host {
        /// Its page.
        url: HttpUrl,
    },
}

impl Classified for FrameError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

/// What a page of the dashboard sends beside its policy.
const OF_DASHBOARD: [(&str, &str); 4] = [
    // Not `no-referrer`, with which a browser hides the origin of the dashboard's own requests.
    ("referrer-policy", "strict-origin"),
    // For browsers that do not know `frame-ancestors`.
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// What a page of an app sends beside its policy.
const OF_APP: [(&str, &str); 2] =
    [("referrer-policy", "strict-origin"), ("x-content-type-options", "nosniff")];

impl FrameHeaders {
    /// The `sandbox` of a frame. It has its own origin, so that it can keep a session; it neither
    /// leads the dashboard elsewhere nor opens dialogs over it.
    pub const SANDBOX: &'static str = "allow-forms allow-popups allow-same-origin allow-scripts";

    /// The headers of a page of the dashboard, whose address is `dashboard`, that shows these
    /// extensions and no others.
    ///
    /// # Errors
    ///
    /// [`FrameError`], for the first extension that is shown in no frame. A manifest that has such a
    /// one is not read.
    pub fn for_dashboard<'a>(
        dashboard: &HttpUrl,
        extensions: impl IntoIterator<Item = &'a Extension>,
    ) -> Result<Self, FrameError> {
        let mut sources = Vec::new();
        for Extension { url, .. } in extensions {
            let origin = source(url)?;
            if url.origin() == dashboard.origin() {
                return Err(FrameError::Dashboard { url: url.clone() });
            }
            if !sources.contains(&origin) {
                sources.push(origin);
            }
        }
        sources.sort_unstable();
        let sources = if sources.is_empty() { "'none'".to_owned() } else { sources.join(" ") };
        let policy = format!("frame-src {sources}; frame-ancestors 'none'");
        Ok(Self { policy, is_dashboard: true })
    }

    /// The headers of a page of an app, which the dashboard at `dashboard` shows in a frame and
    /// nobody else does.
    ///
    /// # Errors
    ///
    /// [`FrameError::Host`] of the dashboard.
    pub fn for_app(dashboard: &HttpUrl) -> Result<Self, FrameError> {
        let policy = format!("frame-ancestors {}", source(dashboard)?);
        Ok(Self { policy, is_dashboard: false })
    }

    /// Name, in small letters, and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let others: &[_] = if self.is_dashboard { &OF_DASHBOARD } else { &OF_APP };
        let policy = ("content-security-policy", self.policy.as_str());
        [policy].into_iter().chain(others.iter().copied())
    }
}

/// An origin as a policy names it. A host may have characters there that end a directive or stand
/// for every host.
fn source(url: &HttpUrl) -> Result<String, FrameError> {
    if url.has_plain_host() {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(FrameError::Host { url: url.clone() })
    }
}
