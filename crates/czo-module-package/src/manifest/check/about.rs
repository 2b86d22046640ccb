//! What a module is, for which versions of czo, and what it needs before it.

use czo_core::FieldErrorCode;
use semver::{Version, VersionReq};
use serde_json::Value;

use crate::manifest::place::{Place, excerpt};
use crate::manifest::{Limits, ManifestRules};

pub(super) fn check(manifest: &Place<'_>, rules: &ManifestRules) {
    if let Some((place, text)) = manifest.text_of("version")
        && text.parse::<Version>().is_err()
    {
        let problem = format!("`{}` is not a semantic version", excerpt(text));
        place.invalid_fix(problem, "write one such as `1.4.0`");
    }
    czo_range(manifest, rules);
    licence(manifest);
    dependencies(manifest);
    limits(manifest, &rules.maxima);
    for name in ["description", "author", "license"] {
        if let Some((place, text)) = manifest.text_of(name)
            && !text.is_empty()
            && text.trim().is_empty()
        {
            place.refuse(FieldErrorCode::Required, "expected text, found spaces");
        }
    }
}

fn czo_range(manifest: &Place<'_>, rules: &ManifestRules) {
    let Some(place) = manifest.field("czo") else { return };
    let Some(range) = range(&place) else { return };
    if !rules.satisfies(&range) {
        let here = rules.czo_version();
        place.invalid_fix(
            format!("the module is made for czo {range}, and this is czo {here}"),
            "install a version of the module that is made for this one, or update czo",
        );
    }
}

fn range(place: &Place<'_>) -> Option<VersionReq> {
    let text = place.value.as_str()?;
    let range = text.parse().ok();
    if range.is_none() {
        let problem = format!("`{}` is not a range of versions", excerpt(text));
        place.invalid_fix(problem, "write one such as `>=0.1, <0.3` or `^1.2`");
    }
    range
}

fn licence(manifest: &Place<'_>) {
    let Some((place, text)) = manifest.text_of("license") else { return };
    if text.trim().is_empty() {
        return;
    }
    if let Err(error) = spdx::Expression::parse(text) {
        place.invalid_fix(
            format!("`{}` is not an SPDX expression: {}", excerpt(text), error.reason),
            "write one such as `MIT OR Apache-2.0`, or `LicenseRef-proprietary`",
        );
    }
}

fn dependencies(manifest: &Place<'_>) {
    let Some(dependencies) = manifest.field("dependencies") else { return };
    let own = manifest.value.get("name").and_then(Value::as_str);
    for (name, value) in dependencies.value.as_object().into_iter().flatten() {
        let place = dependencies.below(name, value);
        range(&place);
        if own == Some(name) {
            place.invalid_fix("the module depends on itself", "leave it out");
        }
    }
}

fn limits(manifest: &Place<'_>, maxima: &Limits) {
    let Some(limits) = manifest.field("limits") else { return };
    let number = |name: &str| limits.value.get(name).and_then(Value::as_u64);
    for (name, most, unit) in [
        ("cpuMs", maxima.cpu_ms, " ms"),
        ("wallMs", maxima.wall_ms, " ms"),
        ("memoryMib", maxima.memory_mib, " MiB"),
        ("httpRequests", maxima.http_requests, ""),
    ] {
        if let Some(asked) = number(name).filter(|asked| *asked > u64::from(most)) {
            limits.field_or_self(name).invalid_fix(
                format!("the module asks for {asked}{unit}, and this server allows {most}{unit}"),
                "lower it, or raise what the server allows",
            );
        }
    }
    let cpu = number("cpuMs").unwrap_or_else(|| u64::from(Limits::default().cpu_ms));
    let wall = number("wallMs").unwrap_or_else(|| u64::from(Limits::default().wall_ms));
    if wall < cpu {
        limits.field_or_self("wallMs").invalid_fix(
            format!("a call of {wall} ms in all can't compute for {cpu} ms"),
            "raise `wallMs`, or lower `cpuMs`",
        );
    }
}
