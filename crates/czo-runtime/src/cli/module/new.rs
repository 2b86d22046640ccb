//! `module new`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use czo_module_package::ModuleName;

use super::template::Template;
use crate::cli::output::print;

/// Called what, in which language, where.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Its name: small letters and digits with single hyphens between
    #[arg(value_name = "NAME")]
    name: ModuleName,
    /// The language it is written in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: Template,
    /// The folder to make; by default that of its name, here
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Take `czo-module-sdk` from this folder, instead of from the registry of crates
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

impl NewArgs {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let folder = self.path.clone().unwrap_or_else(|| self.name.as_str().into());
        if folder.exists() {
            bail!("{} is there already: name another folder with `--path`", folder.display());
        }
        let sdk = match &self.sdk {
            Some(sdk) => {
                let sdk = fs::canonicalize(sdk)
                    .with_context(|| format!("cannot find {}", sdk.display()))?;
                format!("{{ path = {} }}", toml::Value::from(sdk.display().to_string()))
            }
            None => toml::Value::from(env!("CARGO_PKG_VERSION")).to_string(),
        };
        let czo = format!("^{}", env!("CARGO_PKG_VERSION"));
        for (path, text) in self.lang.files() {
            let text = text
                .replace("{{name}}", self.name.as_str())
                .replace("{{czo}}", &czo)
                .replace("{{sdk}}", &sdk);
            write(&folder.join(path), &text)?;
        }
        print(&format!("{} is a module now. Next:", folder.display()));
        print(&format!("  cd {}", folder.display()));
        print(&format!("  {}", self.lang.preparation()));
        print("  czo module dev .");
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    fs::write(file, text).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::config::ModulesConfig;
    use crate::modules::PackageRules;

    #[test]
    fn what_each_language_begins_with_is_a_package_once_it_is_built() {
        let root = tempfile::tempdir().unwrap();
        for (number, lang) in Template::value_variants().iter().enumerate() {
            let folder = root.path().join(number.to_string());
            let name = "my-module".parse().unwrap();
            let args = NewArgs { name, lang: *lang, path: Some(folder.clone()), sdk: None };
            args.execute().unwrap();
            fs::write(folder.join("module.wasm"), b"\0asm").unwrap();
            let package = PackageRules::of(&ModulesConfig::default()).open(&folder).unwrap();
            assert_eq!(package.manifest().name.as_str(), "my-module");
            let text = fs::read_to_string(folder.join("README.md")).unwrap();
            assert!(!text.contains("{{"), "{text}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_let_alone() {
        let root = tempfile::tempdir().unwrap();
        let (name, path) = ("my-module".parse().unwrap(), Some(root.path().to_owned()));
        let args = NewArgs { name, lang: Template::Rust, path, sdk: None };
        assert!(args.execute().unwrap_err().to_string().contains("is there already"));
    }
}
