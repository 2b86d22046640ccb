//! The configuration is wrong.

use std::path::PathBuf;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// The configuration is wrong. One sentence with the key and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that was named is not there.
    #[error("the configuration file {} is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A value or a key.
    #[error("configuration{}: {message}{}", of_key(key), from_place(place))]
    Value {
        /// The key, `server.listen`.
        key: String,
        /// What is wrong and what was expected.
        message: String,
        /// The file or the environment.
        place: String,
    },
}

fn of_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" `{key}`") }
}

fn from_place(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" (from {place})") }
}

impl Classified for ConfigError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

pub(crate) fn wrong(key: &str, message: &str) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), message: message.to_owned(), place: String::new() }
}

/// What is expected, where it is the name of a type of Rust.
fn for_people(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a number, whole and not negative",
        other => other,
    }
}

pub(super) fn value_error(error: &figment::Error) -> ConfigError {
    use figment::error::Kind;

    let mut path = error.path.clone();
    let message = match &error.kind {
        Kind::UnknownField(field, known) => {
            // figment has put the field behind its section already, or names the section alone.
            if path.last() != Some(field) {
                path.push(field.clone());
            }
            format!("there is no such key; there are {}", known.join(", "))
        }
        // Never the value that was found: it may be a URL with a password.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("expected {}", for_people(&expected.to_string()))
        }
        // What is wrong with the file itself: place in the first line, the line's text behind it.
        Kind::Message(message) => message.lines().next().unwrap_or_default().to_owned(),
        kind => kind.to_string(),
    };
    let place = error.metadata.as_ref().map(|from| match &from.source {
        Some(source) => source.to_string(),
        None => from.name.to_string(),
    });
    ConfigError::Value { key: path.join("."), message, place: place.unwrap_or_default() }
}
