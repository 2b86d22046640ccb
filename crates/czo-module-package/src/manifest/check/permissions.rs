//! What a module may do.

use czo_core::EventType;
use serde_json::Value;

use crate::ModuleName;
use crate::manifest::ManifestRules;
use crate::manifest::place::{Place, excerpt};

/// The longest name of a host, in bytes (RFC 1035), and of a label of one.
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

pub(super) fn check(manifest: &Place<'_>, rules: &ManifestRules) {
    let Some(permissions) = manifest.field("permissions") else { return };
    for (place, host) in permissions.texts("http") {
        if let Err((problem, fix)) = allowed_host(host) {
            place.invalid_fix(format!("`{}` {problem}", excerpt(host)), fix);
        }
    }
    for (place, name) in permissions.texts("env") {
        env(&place, name);
    }
    let own = manifest.value.get("name").and_then(Value::as_str);
    let own = own.and_then(|name| name.parse::<ModuleName>().ok());
    for (place, event) in permissions.texts("events") {
        event_type(&place, event, own.as_ref());
    }
    for (place, service) in permissions.texts("services") {
        called_service(&place, service, own.as_ref(), manifest, rules);
    }
}

/// Whether requests may be allowed to go to `text`: a name, with a port or without, or `*.` and a
/// name of two labels at least.
fn allowed_host(text: &str) -> Result<(), (&'static str, &'static str)> {
    let host_only = "write the name of the host only, such as `api.example.com`";
    if text.contains("://") || text.contains(['/', '@', '?', '#']) {
        return Err(("is a URL", host_only));
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if port.is_some_and(|port| !is_port(port)) {
        return Err(("has no port after its `:`", "write a port from 1 to 65535, or none"));
    }
    let (name, below) = host.strip_prefix("*.").map_or((host, false), |name| (name, true));
    if name.contains('*') {
        return Err((
            "has a `*` that is not its first label",
            "name the hosts, or write `*.example.com` for every name below one",
        ));
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if name.len() > MAX_HOST || !name.split('.').all(is_label) {
        return Err((
            "is no name of a host",
            "write it in small letters, with other alphabets in their `xn--` form",
        ));
    }
    if below && !name.contains('.') {
        return Err(("would allow a whole top level domain", "name the domain below it"));
    }
    Ok(())
}

fn env(place: &Place<'_>, name: &str) {
    let is_name = (1..=128).contains(&name.len())
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !is_name {
        place.invalid_fix(
            format!("`{}` is no name of an environment variable", excerpt(name)),
            "write it with A-Z, 0-9 and _, such as `LOYALTY_API_KEY`",
        );
    } else if name.starts_with("CZO_") {
        place.invalid_fix(
            format!("`{}` is part of the server's own configuration", excerpt(name)),
            "give the module a variable of its own",
        );
    }
}

fn event_type(place: &Place<'_>, event: &str, own: Option<&ModuleName>) {
    let Ok(event_type) = event.parse::<EventType>() else {
        place.invalid_fix(
            format!("`{}` is not a type of events", excerpt(event)),
            "write `<name>.<entity>.<action>`, each of a-z, 0-9 and _",
        );
        return;
    };
    let own = own.map(|name| name.as_str().replace('-', "_"));
    if let Some(own) = own.filter(|own| own != event_type.domain()) {
        place.invalid_fix(
            format!("`{}` is not an event of this module", excerpt(event)),
            format!("begin it with `{own}.`"),
        );
    }
}

fn called_service(
    place: &Place<'_>,
    service: &str,
    own: Option<&ModuleName>,
    manifest: &Place<'_>,
    rules: &ManifestRules,
) {
    let Some((module, _)) = service.split_once('.') else {
        if let Some(known) = &rules.services
            && !known.contains(service)
        {
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            place.unknown("the server has no service of this name", service, &known);
        }
        return;
    };
    let Ok(module) = module.parse::<ModuleName>() else {
        place.invalid_fix(
            format!("`{}` is no name of a service", excerpt(service)),
            "write `<module>.<service>`, or the name of a service of the server",
        );
        return;
    };
    if own == Some(&module) {
        place.invalid_fix("the module would call itself", "call the code directly");
        return;
    }
    let dependencies = manifest.value.get("dependencies").and_then(Value::as_object);
    if !dependencies.is_some_and(|dependencies| dependencies.contains_key(module.as_str())) {
        place.invalid_fix(
            format!("the service is of the module `{module}`, which may not be there"),
            format!("add `{module}` to `dependencies`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_with_a_port_or_without() {
        for good in [
            "api.example.com",
            "localhost:8080",
            "*.example.com",
            "*.example.com:8443",
            "127.0.0.1",
        ] {
            assert_eq!(allowed_host(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.com",
            "*.*.example.com",
            "a.*.com",
            "https://a.com",
            "a.com/b",
            "A.com",
            "a.com:",
            "a.com:0",
            "a.com:70000",
            "a.com:+80",
            "u@a.com",
            "[::1]",
            "a..com",
            "-a.com",
            "é.com",
            ".a.com",
            "a.com.",
            " a.com",
        ] {
            assert!(allowed_host(bad).is_err(), "{bad}");
        }
    }
}
