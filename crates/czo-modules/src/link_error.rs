//! Why a component can't be given what it wants.

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why a component and its manifest do not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The manifest does not grant what the component imports.
    #[error("the manifest does not grant what the component imports: {}", list(imports))]
    NotGranted {
        /// Every such import.
        imports: Vec<DeniedImport>,
    },
    /// The component imports what no module gets, or what this server does not know.
    #[error(
        "the component imports what modules don't get here: `{}`; they get `czo:module@0.1` and WASI without network",
        imports.join("`, `")
    )]
    Unknown {
        /// Every such import.
        imports: Vec<String>,
    },
    /// The manifest speaks of what the component has no export for.
    #[error("the manifest has `{field}`, but the component does not export `{interface}`")]
    MissingExport {
        /// The field of the manifest.
        field: &'static str,
        /// The interface.
        interface: &'static str,
    },
    /// The manifest asks for more than the server allows.
    #[error("`limits.{limit}` is {asked}, and at most {allowed} are allowed here")]
    Limit {
        /// Which.
        limit: &'static str,
        /// What the manifest says.
        asked: u32,
        /// What is allowed.
        allowed: u32,
    },
    /// An import or export has another shape than in the WIT package.
    #[error("the component does not fit `czo:module@0.1`: {reason}")]
    Mismatch {
        /// Which, and how.
        reason: String,
    },
}

/// An import that is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedImport {
    /// The interface, as the component names it.
    pub import: String,
    /// What to add to the manifest.
    pub permission: &'static str,
}

fn list(imports: &[DeniedImport]) -> String {
    let one = |denied: &DeniedImport| format!("`{}` needs `{}`", denied.import, denied.permission);
    imports.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Classified for LinkError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}
