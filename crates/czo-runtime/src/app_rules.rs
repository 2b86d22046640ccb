//! What apps of others are held to.

use czo_apps::ManifestRules;

use crate::{Czo, RuntimeError};

impl Czo {
    /// What the manifest of an app is held to: the version of czo, the events of the program and
    /// the permissions of its domains, also those [left to other processes](Self::only). Hosts
    /// without TLS and the dashboard are for whoever knows the configuration to add.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Catalogue`] when two domains publish one event.
    pub fn manifest_rules(&self) -> Result<ManifestRules, RuntimeError> {
        let version = env!("CARGO_PKG_VERSION").parse().expect("cargo takes no other version");
        let domains = self.domains.iter().chain(&self.elsewhere);
        let permissions = domains.flat_map(|domain| domain.permissions().iter().cloned());
        let catalogue = self.event_catalogue()?;
        let events = catalogue.iter().map(|event| event.event_type.clone());
        Ok(ManifestRules::new(version).permissions(permissions).event_types(events))
    }
}
