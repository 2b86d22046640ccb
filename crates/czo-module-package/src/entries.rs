//! The modules in `czo.toml`.

use std::collections::BTreeMap;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::{ModuleName, ModuleNameError, ModuleSource, SourceError};

/// The table, in the section of the settings of modules: each key is the name of a module, each value
/// its source.
const SECTION: &str = "modules";
const TABLE: &str = "sources";

/// Why the modules in `czo.toml` can't be read or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModuleEntryError {
    /// The file is no TOML.
    #[error("`czo.toml` is no TOML: {problem}")]
    Toml {
        /// Where and why.
        problem: String,
    },
    /// `modules` or `modules.sources` is something else than a table.
    #[error(
        "`modules.sources` in `czo.toml` is no table; write `[modules.sources]` with `name = \"source\"` below"
    )]
    NoTable,
    /// A key is no name of a module.
    #[error("`modules.sources.{name}` in `czo.toml` is no name of a module")]
    Name {
        /// The key.
        name: String,
        /// Why not.
        source: ModuleNameError,
    },
    /// A value is no text.
    #[error(
        "`modules.sources.{name}` in `czo.toml` is no text; write its source, such as `\"./{name}\"`"
    )]
    NoText {
        /// The key.
        name: ModuleName,
    },
    /// A value is no source.
    #[error("`modules.sources.{name}` in `czo.toml` is no source")]
    Source {
        /// The key.
        name: ModuleName,
        /// Why not.
        source: SourceError,
    },
}

impl Classified for ModuleEntryError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

/// The modules that the text of `czo.toml` names, and where they come from.
///
/// # Errors
///
/// What is wrong with the first of them that is wrong.
pub fn module_entries(text: &str) -> Result<BTreeMap<ModuleName, ModuleSource>, ModuleEntryError> {
    let document = parse(text)?;
    let Some(section) = document.get(SECTION) else { return Ok(BTreeMap::new()) };
    let section = section.as_table_like().ok_or(ModuleEntryError::NoTable)?;
    let Some(table) = section.get(TABLE) else { return Ok(BTreeMap::new()) };
    let table = table.as_table_like().ok_or(ModuleEntryError::NoTable)?;
    let entry = |(key, item): (&str, &Item)| {
        let name: ModuleName = key
            .parse()
            .map_err(|source| ModuleEntryError::Name { name: key.to_owned(), source })?;
        let Some(text) = item.as_str() else { return Err(ModuleEntryError::NoText { name }) };
        match text.parse() {
            Ok(source) => Ok((name, source)),
            Err(source) => Err(ModuleEntryError::Source { name, source }),
        }
    };
    table.iter().map(entry).collect()
}

/// The text of `czo.toml` with a module added, or its source replaced. Everything else, comments
/// among it, stays as it was.
///
/// ```
/// use czo_module_package::add_module_entry;
///
/// let text = "# Our shop.\n[server]\nport = 8080\n";
/// let text = add_module_entry(text, &"loyalty".parse()?, &"./loyalty".parse()?)?;
/// assert_eq!(text, "# Our shop.\n[server]\nport = 8080\n\n[modules.sources]\nloyalty = \"./loyalty\"\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the text is no TOML, or `modules` no table.
pub fn add_module_entry(
    text: &str,
    name: &ModuleName,
    source: &ModuleSource,
) -> Result<String, ModuleEntryError> {
    let mut document = parse(text)?;
    let section = document.entry(SECTION).or_insert_with(|| {
        let mut section = Table::new();
        // No heading of its own, as long as it has no settings.
        section.set_implicit(true);
        Item::Table(section)
    });
    let section = section.as_table_like_mut().ok_or(ModuleEntryError::NoTable)?;
    if section.get(TABLE).is_none() {
        section.insert(TABLE, Item::Table(Table::new()));
    }
    let table = section.get_mut(TABLE).and_then(Item::as_table_like_mut);
    let table = table.ok_or(ModuleEntryError::NoTable)?;
    match table.get_mut(name.as_str()) {
        Some(Item::Value(old)) => {
            let mut new = toml_edit::Value::from(source.to_string());
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        _ => {
            table.insert(name.as_str(), value(source.to_string()));
        }
    }
    Ok(document.to_string())
}

/// The text of `czo.toml` without a module; the same text if it names none. Comments of the entry go
/// with it, everything else stays as it was.
///
/// # Errors
///
/// If the text is no TOML, or `modules` no table.
pub fn remove_module_entry(text: &str, name: &ModuleName) -> Result<String, ModuleEntryError> {
    let mut document = parse(text)?;
    let Some(section) = document.get_mut(SECTION) else { return Ok(text.to_owned()) };
    let section = section.as_table_like_mut().ok_or(ModuleEntryError::NoTable)?;
    let Some(table) = section.get_mut(TABLE) else { return Ok(text.to_owned()) };
    let table = table.as_table_like_mut().ok_or(ModuleEntryError::NoTable)?;
    match table.remove(name.as_str()) {
        Some(_) => Ok(document.to_string()),
        None => Ok(text.to_owned()),
    }
}

fn parse(text: &str) -> Result<DocumentMut, ModuleEntryError> {
    let parsed = text.parse::<DocumentMut>();
    parsed.map_err(|error| ModuleEntryError::Toml { problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# The shop.
[server]
port = 8080 # not 80

[modules.sources] # what extends it
# For customers.
loyalty = \"./loyalty\" # ours
slack-notifier = \"npm:slack\"

[cache]
size = 1
";

    #[test]
    fn entries_change_and_comments_stay() {
        let loyalty = "loyalty".parse().unwrap();
        let moved =
            add_module_entry(TEXT, &loyalty, &"github:a/loyalty@v1".parse().unwrap()).unwrap();
        assert_eq!(moved, TEXT.replace("\"./loyalty\"", "\"github:a/loyalty@v1\""));
        let removed = remove_module_entry(TEXT, &"slack-notifier".parse().unwrap()).unwrap();
        assert_eq!(removed, TEXT.replace("slack-notifier = \"npm:slack\"\n", ""));
        assert_eq!(remove_module_entry(TEXT, &"other".parse().unwrap()).unwrap(), TEXT);
    }

    #[test]
    fn entries_are_read_as_they_were_added() {
        let (name, source) = ("price-rule".parse().unwrap(), "./rules".parse().unwrap());
        for text in ["", "modules = {}\n", "[modules]\nenabled = true\n", TEXT] {
            let added = add_module_entry(text, &name, &source).unwrap();
            assert_eq!(module_entries(&added).unwrap().get(&name), Some(&source));
        }
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_told() {
        for (text, words) in [
            ("modules = 1", "no table"),
            ("[modules]\nsources = 1", "no table"),
            ("[modules.sources]\nBig = \"./x\"", "`modules.sources.Big`"),
            ("[modules.sources]\na = 1", "is no text"),
            ("[modules.sources]\na = \"-x\"", "is no source"),
            ("[modules", "no TOML"),
        ] {
            let error = module_entries(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
