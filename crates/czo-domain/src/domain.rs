//! The contract of a domain.

use std::fmt;

use czo_core::{
    CatalogueError, Classified, ErrorKind, EventCatalogue, EventType, GroupError, Permission,
    TopicPatternError,
};
use czo_hooks::RegisterError;
use thiserror::Error;

use crate::{DomainContext, MigrationSet, Registration};

/// A commerce domain, compiled in.
///
/// At boot it is asked for its name, its migrations, its events, its permissions and its questions, without a
/// database at hand (`czo migrate`, `czo events` and `czo app validate` stop here); then, once and in dependency order, to
/// [`register`](Self::register) with everything it may use.
pub trait Domain: Send + Sync {
    /// Its name. It owns the tables and groups whose names start with it.
    fn name(&self) -> DomainName;

    /// The domains that must be registered before it.
    fn depends_on(&self) -> &[DomainName] {
        &[]
    }

    /// Its schema changes.
    fn migrations(&self) -> Option<MigrationSet>;

    /// Adds the events it publishes to the catalogue of the program. Others can't be
    /// [staged](crate::DomainEvents::stage).
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] when another domain publishes one of them already.
    fn events(&self, catalogue: &mut EventCatalogue) -> Result<(), CatalogueError> {
        let _ = catalogue;
        Ok(())
    }

    /// The permissions that it asks for, which are those that apps of others may ask to have. One
    /// that is not here no app gets.
    fn permissions(&self) -> &[Permission] {
        &[]
    }

    /// The questions that it asks third-party apps, by their [types](czo_core::Question::TYPE), so
    /// that the manifest of an app can name them. Others can't be [asked](czo_core::AskAppsExt::ask).
    fn questions(&self) -> &[EventType] {
        &[]
    }

    /// Builds its services from `context` and hands in what they offer.
    ///
    /// # Errors
    ///
    /// [`DomainError`]; the program does not start then.
    fn register(
        &self,
        context: &DomainContext,
        domain: &mut Registration,
    ) -> Result<(), DomainError>;
}

/// The name of a domain: `[a-z][a-z0-9_]*`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(&'static str);

impl DomainName {
    /// The name.
    ///
    /// # Panics
    ///
    /// If it is not of the form `[a-z][a-z0-9_]*`. In a constant that is an error of compilation.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(
            !bytes.is_empty() && bytes[0].is_ascii_lowercase(),
            "a domain name is [a-z][a-z0-9_]*"
        );
        let mut at = 1;
        while at < bytes.len() {
            assert!(
                matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'_'),
                "a domain name is [a-z][a-z0-9_]*"
            );
            at += 1;
        }
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A domain can't be registered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DomainError {
    /// A subscription's pattern.
    #[error(transparent)]
    Pattern(#[from] TopicPatternError),
    /// A subscription's group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A hook.
    #[error(transparent)]
    Hook(#[from] RegisterError),
    /// Whatever else the domain has to say.
    #[error("{0}")]
    Other(String),
}

impl Classified for DomainError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Hook(error) => error.kind(),
            _ => ErrorKind::Invalid,
        }
    }
}
