//! Components against their manifests.

use czo_module_package::{ComponentInfo, Severity, WIT_VERSION};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::examples::{Folder, component};

/// What is found of a component with these imports and exports.
fn found(more: &Value, imports: &[&str], exports: &[&str]) -> Vec<String> {
    let folder = Folder::with_package(more);
    folder.write("dist/tiny.wasm", component(imports, exports));
    let report = folder.report();
    let about_imports = report.findings.iter().filter(|finding| {
        !finding.code.starts_with("dependencies") && !finding.code.starts_with("advisories")
    });
    about_imports.map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

#[test]
fn a_component_that_fits_its_manifest_is_fine() {
    let more = json!({
        "permissions": { "kv": true, "http": ["api.example.com"] },
        "subscriptions": [{ "events": "order.#" }],
    });
    let imports = [
        "czo:module/types@0.1.0",
        "czo:module/log@0.1.0",
        "czo:module/kv@0.1.0",
        "czo:module/http@0.1.0",
        "wasi:cli/environment@0.2.3",
        "wasi:io/streams@0.2.3",
    ];
    let exports = ["czo:module/event-handler@0.1.0", "czo:module/lifecycle@0.1.0"];
    assert_eq!(found(&more, &imports, &exports), [""; 0]);
}

#[test]
fn what_is_imported_and_not_granted_is_an_error() {
    for name in ["kv", "sql", "http", "secrets", "publisher", "services", "jobs"] {
        let import = format!("czo:module/{name}@0.1.0");
        assert_eq!(found(&json!({}), &[&import], &[]), ["error import-not-granted"], "{name}");
    }
}

#[test]
fn what_is_granted_and_not_imported_is_a_warning() {
    let more = json!({ "permissions": { "kv": true, "sql": true, "env": ["KEY"] } });
    assert_eq!(found(&more, &[], &[]).len(), 3);
    assert!(found(&more, &[], &[]).iter().all(|found| found == "warning grant-unused"));
}

#[test]
fn networks_are_an_error_and_files_a_note() {
    for imports in [
        &["wasi:sockets/tcp@0.2.3", "wasi:sockets/udp@0.2.3"][..],
        &["wasi:http/outgoing-handler@0.2.3"],
    ] {
        assert_eq!(found(&json!({}), imports, &[]), ["error import-network"]);
    }
    assert_eq!(
        found(&json!({}), &["wasi:filesystem/types@0.2.3"], &[]),
        ["note import-filesystem"]
    );
}

#[test]
fn what_nobody_offers_is_an_error() {
    for import in [
        "czo:module/shell@0.1.0",
        "wasi:nn/graph@0.2.0",
        "wasi:io/streams@0.3.0",
        "evil:host/x@1.0.0",
    ] {
        assert_eq!(found(&json!({}), &[import], &[]), ["error import-unknown"], "{import}");
    }
}

#[test]
fn another_version_of_the_interfaces_is_an_error() {
    for version in ["0.2.0", "1.0.0", "0.1.1"] {
        let import = format!("czo:module/log@{version}");
        assert_eq!(found(&json!({}), &[&import], &[]), ["error wit-version"], "{version}");
    }
    let more = json!({ "jobs": [{ "name": "a", "schedule": "0 4 * * *" }] });
    assert_eq!(found(&more, &[], &["czo:module/job-handler@0.2.0"]), ["error wit-version"]);
}

#[test]
fn what_the_manifest_speaks_of_is_exported() {
    let endpoint = json!({ "name": "a", "method": "GET", "path": "/" });
    let service = json!({ "name": "a", "methods": [{ "name": "b" }] });
    for (field, part, interface) in [
        ("subscriptions", json!({ "events": "order.#" }), "event-handler"),
        ("endpoints", endpoint, "endpoint-handler"),
        ("hooks", json!({ "point": "a.b", "phase": "after" }), "hook-handler"),
        ("services", service, "service-handler"),
        ("jobs", json!({ "name": "a", "schedule": "0 4 * * *" }), "job-handler"),
    ] {
        let export = format!("czo:module/{interface}@0.1.0");
        let more = json!({ field: [part] });
        assert_eq!(found(&more, &[], &[]), ["error export-missing"], "{field}");
        assert_eq!(found(&more, &[], &[&export]), [""; 0], "{field}");
        assert_eq!(found(&json!({}), &[], &[&export]), ["warning export-unused"], "{field}");
    }
}

#[test]
fn what_is_no_component_is_an_error_that_says_so() {
    let module = wat::parse_str("(module)").unwrap();
    let truncated = component(&["czo:module/log@0.1.0"], &[]);
    for (bytes, words) in [
        (&b""[..], "no WebAssembly"),
        (b"#!/bin/sh", "no WebAssembly"),
        (&module, "a core module"),
        (&truncated[..truncated.len() - 3], "broken"),
        // A section of four GiB that is not there.
        (b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\x0f", "broken"),
    ] {
        let folder = Folder::with_package(&json!({}));
        folder.write("dist/tiny.wasm", bytes);
        let report = folder.report();
        assert!(report.blocks());
        let finding = &report.findings[0];
        assert_eq!((finding.severity, finding.code), (Severity::Error, "component-broken"));
        assert!(finding.message.contains(words), "{}", finding.message);
    }
}

#[test]
fn a_component_with_code_that_is_none_is_broken() {
    let bytes = wat::parse_str("(component (core module (func i32.add)))").unwrap();
    assert!(ComponentInfo::read(&bytes).unwrap_err().contains("broken"));
}

#[test]
fn components_within_components_without_end_are_broken_and_not_the_reader() {
    // Written from the end, so that each level knows the size of what is in it.
    let header = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
    let mut backwards: Vec<u8> = header.iter().rev().copied().collect();
    for _ in 0..20_000 {
        let mut size = backwards.len();
        let mut length = Vec::new();
        loop {
            let more = if size > 0x7f { 0x80 } else { 0 };
            length.push(u8::try_from(size & 0x7f).unwrap() | more);
            size >>= 7;
            if more == 0 {
                break;
            }
        }
        backwards.extend(length.iter().rev());
        backwards.push(4);
        backwards.extend(header.iter().rev());
    }
    backwards.reverse();
    assert!(ComponentInfo::read(&backwards).is_err());
}

#[test]
fn the_version_is_that_of_the_interfaces() {
    let wit = include_str!("../../../czo-module-sdk/wit/types.wit");
    assert!(wit.starts_with(&format!("package czo:module@{WIT_VERSION};")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_change_of_bytes_makes_reading_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = component(
            &["czo:module/log@0.1.0", "wasi:io/streams@0.2.3"],
            &["czo:module/event-handler@0.1.0"],
        );
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        let _ = ComponentInfo::read(&bytes);
    }

    #[test]
    fn no_bytes_after_the_header_make_reading_panic(rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(rest);
        let _ = ComponentInfo::read(&bytes);
    }
}
