//! The address of something on the web.

/// Whether this is the address of something on the web: `http` or `https`, a host, no spaces.
pub(crate) fn is_web_address(url: &str) -> bool {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
        let start = url.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &url[scheme.len()..])
    });
    let has_host =
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':', '@']));
    has_host && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}
