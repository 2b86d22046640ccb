//! The endpoints of a module.

use std::collections::BTreeSet;

use czo_core::Permission;

use super::{duplicate, schema_in, unique};
use crate::manifest::Endpoint;
use crate::manifest::embedded_schema::Budget;
use crate::manifest::place::{Place, excerpt};

/// The longest path, in bytes.
const MAX_PATH: usize = 200;

pub(super) fn check(manifest: &Place<'_>, budget: &Budget) {
    unique(manifest, "endpoints", "name");
    let mut routes = BTreeSet::new();
    for (place, endpoint) in manifest.parts::<Endpoint>("endpoints") {
        permission(&place);
        if endpoint.public && endpoint.permission.is_some() {
            place.field_or_self("permission").invalid_fix(
                "an endpoint that everybody may call needs no permission",
                "leave out `public` or `permission`",
            );
        }
        schema_in(&place, "request", budget);
        schema_in(&place, "response", budget);
        let at = place.field_or_self("path");
        match shape(&endpoint.path) {
            Ok(shape) => {
                if !routes.insert((endpoint.method.clone(), shape)) {
                    duplicate(&at, &format!("{} {}", endpoint.method, endpoint.path));
                }
            }
            Err(fix) => {
                let problem = format!("`{}` is no path of an endpoint", excerpt(&endpoint.path));
                at.invalid_fix(problem, fix);
            }
        }
    }
}

/// The path without the names of its places, so that two that answer to the same request are equal.
fn shape(path: &str) -> Result<String, &'static str> {
    if path.len() > MAX_PATH {
        return Err("shorten it to 200 bytes");
    }
    let rest = path.strip_prefix('/').ok_or("begin it with `/`")?;
    if rest.is_empty() {
        return Ok(path.to_owned());
    }
    let mut names = BTreeSet::new();
    let mut shape = String::new();
    for segment in rest.split('/') {
        shape.push('/');
        let place = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match place {
            Some(name) => {
                let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
                if !is_name {
                    return Err(
                        "name its places with a-z, 0-9 and _, such as `/points/{customer}`",
                    );
                }
                if !names.insert(name) {
                    return Err("give its places different names");
                }
                shape.push_str("{}");
            }
            None if segment.is_empty() => return Err("leave out empty segments and the last `/`"),
            None if matches!(segment, "." | "..") => return Err("leave out `.` and `..`"),
            None => {
                let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
                if !segment.bytes().all(is_plain) {
                    return Err("write segments with a-z, 0-9, -, ., _ and ~, or `{name}`");
                }
                shape.push_str(segment);
            }
        }
    }
    Ok(shape)
}

/// Checks the permission that a part asks of who comes to it.
pub(super) fn permission(part: &Place<'_>) {
    if let Some((place, text)) = part.text_of("permission")
        && let Err(error) = text.parse::<Permission>()
    {
        place.invalid(error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_by_their_shape() {
        assert_eq!(shape("/points/{customer}"), shape("/points/{id}"));
        assert_ne!(shape("/points/{customer}"), shape("/points/all"));
        for good in ["/", "/a", "/a/{b}/c.json", "/A~b-c_d"] {
            assert!(shape(good).is_ok(), "{good}");
        }
        for bad in [
            "", "a", "//", "/a/", "/..", "/a/../b", "/a b", "/{B}", "/{a}/{a}", "/{a", "/a{b}",
            "/{*rest}", "/a?b", "/%2e%2e", "/é", "/{}",
        ] {
            assert!(shape(bad).is_err(), "{bad}");
        }
    }
}
