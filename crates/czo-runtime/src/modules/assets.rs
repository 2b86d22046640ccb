//! `/api/module-assets/<name>/<version>/...`: the files of the dashboard pages of modules.
//!
//! A page runs in a frame of an origin of its own, which sends no token: so whoever knows the path may
//! read the files, which are code and pictures. What a page may do is said here, by the content
//! security policy, and not by the page.

use czo_apps::HttpUrl;
use czo_http::Problem;
use czo_http::axum::Router;
use czo_http::axum::body::Body;
use czo_http::axum::extract::{Path, State};
use czo_http::axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::axum::routing::get;
use czo_module_package::ModuleName;
use czo_modules::Modules;
use semver::Version;

/// The files of a version never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(Clone)]
struct Shelf {
    modules: Modules,
    /// Who may show a page in a frame, beside this origin.
    dashboards: Vec<String>,
}

pub(crate) fn routes(modules: Modules, dashboards: &[HttpUrl]) -> Router {
    let origin = |url: &HttpUrl| {
        let url = url::Url::parse(url.as_str()).ok()?;
        Some(url.origin().ascii_serialization())
    };
    let dashboards = dashboards.iter().filter_map(origin).collect();
    Router::new()
        .route("/api/module-assets/{name}/{version}/{*path}", get(asset))
        .with_state(Shelf { modules, dashboards })
}

async fn asset(
    State(shelf): State<Shelf>,
    Path((name, version, path)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such file");
    let (Ok(name), Ok(version)) = (name.parse::<ModuleName>(), version.parse::<Version>()) else {
        return Err(nothing());
    };
    let found = shelf.modules.asset(&name, &version, &path).await.map_err(Problem::of)?;
    let asset = found.ok_or_else(nothing)?;
    let tag = format!("\"{}\"", asset.digest);
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(asset.content)),
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let policy = policy(host, &name, &version, &shelf.dashboards);
    let answers = response.headers_mut();
    answers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&path)));
    answers.insert(header::CACHE_CONTROL, FOR_EVER);
    // The frame is of no origin, and modules of JavaScript and fonts are asked for by origin.
    answers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    for (name, value) in [(header::ETAG, tag), (header::CONTENT_SECURITY_POLICY, policy)] {
        if let Ok(value) = value.parse() {
            answers.insert(name, value);
        }
    }
    Ok(response)
}

/// What a page may do: show what is its own, and talk to the frame that it is in.
fn policy(host: Option<&str>, name: &ModuleName, version: &Version, frames: &[String]) -> String {
    // In a frame without an origin `'self'` is nobody, so the files are named by where they are.
    let assets = match host.filter(|host| is_source(host)) {
        Some(host) => format!("{host}/api/module-assets/{name}/{version}/"),
        None => "'self'".to_owned(),
    };
    let frames =
        frames.iter().fold("'self'".to_owned(), |frames, frame| format!("{frames} {frame}"));
    format!(
        "sandbox allow-scripts allow-forms; default-src 'none'; script-src {assets}; \
         style-src {assets}; img-src {assets} data:; font-src {assets}; connect-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
    )
}

/// Whether a `Host` may stand in a policy: it comes from whoever asks.
fn is_source(host: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(is_part)
}

/// By the ending of the path; what is not known is data.
fn media_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: Option<&str>) -> String {
        let (name, version) = ("notes".parse().unwrap(), "1.0.0".parse().unwrap());
        policy(host, &name, &version, &["https://admin.example".to_owned()])
    }

    #[test]
    fn a_page_loads_what_is_its_own_and_reaches_nobody() {
        let policy = of(Some("shop.example:8443"));
        let own = "script-src shop.example:8443/api/module-assets/notes/1.0.0/;";
        assert!(policy.contains(own), "{policy}");
        assert!(policy.starts_with("sandbox allow-scripts allow-forms; default-src 'none'"));
        assert!(policy.contains("connect-src 'none'"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'self' https://admin.example"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("same-origin"), "{policy}");
    }

    #[test]
    fn a_host_that_would_write_the_policy_itself_is_left_out() {
        for host in ["a; script-src *", "a b", "a'b", "", "[::1]:80"] {
            assert!(of(Some(host)).contains("script-src 'self';"), "{host}");
        }
    }
}
