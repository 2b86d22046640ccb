//! The languages that a module is begun in.

use clap::ValueEnum;

/// A language that a module is begun in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Template {
    /// Rust: small and fast
    Rust,
    /// JavaScript, by `QuickJS`
    Js,
    /// Python
    Python,
}

/// A file, by its path and its text.
pub(super) type TextFile = (&'static str, &'static str);

/// A file of a template of the SDK.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$((
            $path,
            include_str!(concat!("../../../../czo-module-sdk/templates/", $folder, "/", $path)),
        )),+]
    };
}

const RUST: &[TextFile] =
    files!("rust": ".gitignore", "Cargo.toml", "README.md", "czo-module.json", "src/lib.rs");

const JS: &[TextFile] = files!(
    "js": ".gitignore",
    "README.md",
    "build.mjs",
    "czo-module.json",
    "package.json",
    "src/module.js",
    "wit/world.wit",
);

const PYTHON: &[TextFile] = files!(
    "python": ".gitignore",
    "README.md",
    "app.py",
    "czo-module.json",
    "requirements.txt",
    "wit/world.wit",
);

/// A file of the WIT package.
macro_rules! wit {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!("wit/deps/czo-module/", $name),
            include_str!(concat!("../../../../czo-module-sdk/wit/", $name)),
        )),+]
    };
}

/// The WIT package, where languages other than Rust look for it.
const WIT: &[TextFile] = wit!("exports.wit", "imports.wit", "types.wit", "worlds.wit");

impl Template {
    /// Its files.
    pub(super) fn files(self) -> impl Iterator<Item = &'static TextFile> {
        let (own, wit): (&[TextFile], &[TextFile]) = match self {
            Self::Rust => (RUST, &[]),
            Self::Js => (JS, WIT),
            Self::Python => (PYTHON, WIT),
        };
        own.iter().chain(wit)
    }

    /// What is done before it can be built.
    pub(super) fn preparation(self) -> &'static str {
        match self {
            Self::Rust => "rustup target add wasm32-wasip2",
            Self::Js => "npm install",
            Self::Python => "pip install -r requirements.txt",
        }
    }
}
