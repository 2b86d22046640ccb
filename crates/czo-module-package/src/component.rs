//! What a component wants and offers, read from its bytes.

use std::collections::BTreeSet;

use semver::Version;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

/// The version of the WIT package `czo:module` that modules are checked against.
pub const WIT_VERSION: Version = Version::new(0, 1, 0);

/// The section in which `cargo auditable` keeps what a binary was made of.
const AUDITABLE: &str = ".dep-v0";

/// What a component says of itself. The host does not take it on trust: what is not granted is not
/// linked. It is here to tell so before anything is enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentInfo {
    /// What it imports: `czo:module/kv@0.1.0`.
    pub imports: BTreeSet<String>,
    /// What it exports.
    pub exports: BTreeSet<String>,
    /// What `cargo auditable` has noted of its dependencies, as it stands there; nothing if it was
    /// built without.
    pub(crate) auditable: Option<Vec<u8>>,
}

impl ComponentInfo {
    /// Reads a component. It is validated as a whole; nothing of it is compiled or run.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for people: that it is no component, or where it is broken.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(b"\0asm") {
            return Err("it is no WebAssembly at all".to_owned());
        }
        let mut info = Self::default();
        // How many components are around what is read.
        let mut depth = 0_u32;
        let mut auditable = None;
        for payload in Parser::new(0).parse_all(bytes) {
            let broken = |error: wasmparser::BinaryReaderError| format!("it is broken: {error}");
            match payload.map_err(broken)? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err("it is a core module, not a component".to_owned());
                }
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 1 => {
                    for import in imports {
                        info.imports.insert(import.map_err(broken)?.name.full_name().into_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 1 => {
                    for export in exports {
                        info.exports.insert(export.map_err(broken)?.name.full_name().into_owned());
                    }
                }
                // It is in the core module within the component.
                Payload::CustomSection(section) if section.name() == AUDITABLE => {
                    auditable.get_or_insert_with(|| section.data().to_vec());
                }
                _ => {}
            }
        }
        info.auditable = auditable;
        Validator::new_with_features(WasmFeatures::default())
            .validate_all(bytes)
            .map_err(|error| format!("it is broken: {error}"))?;
        Ok(info)
    }
}

/// The name of an interface of `czo:module` and its version, if it is one: `kv` and `0.1.0` for
/// `czo:module/kv@0.1.0`.
pub(crate) fn interface(name: &str) -> Option<(&str, Option<Version>)> {
    let rest = name.strip_prefix("czo:module/")?;
    Some(match rest.split_once('@') {
        Some((interface, version)) => (interface, version.parse().ok()),
        None => (rest, None),
    })
}

/// Whether a component made for `version` of the WIT package runs here: minors of 0 are majors, and
/// later patches may have what is not here.
pub(crate) fn is_compatible(version: &Version) -> bool {
    let same_line = version.major == WIT_VERSION.major
        && (version.major > 0 || version.minor == WIT_VERSION.minor);
    same_line && *version <= WIT_VERSION
}
