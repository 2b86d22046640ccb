//! What apps of others are held to.

use std::collections::BTreeSet;

use czo_apps::ManifestRules;
use czo_core::{EventCatalogue, EventType, SYSTEM_PRODUCER};

use crate::{Czo, RuntimeError};

impl Czo {
    /// What the manifest of an app is held to: the version of czo, the events of the program, the
    /// questions and the permissions of its domains, also those [left to other processes](Self::only). Hosts
    /// without TLS and the dashboard are for whoever knows the configuration to add.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Catalogue`] when two domains publish one event.
    pub fn manifest_rules(&self) -> Result<ManifestRules, RuntimeError> {
        let catalogue = self.event_catalogue()?;
        Ok(self.rules_for(&self.app_events(&catalogue)))
    }

    /// The same for a program whose webhooks may be for this.
    pub(crate) fn rules_for(&self, app_events: &BTreeSet<EventType>) -> ManifestRules {
        let version = env!("CARGO_PKG_VERSION").parse().expect("cargo takes no other version");
        let domains = self.domains.iter().chain(&self.elsewhere);
        let permissions = domains.flat_map(|domain| domain.permissions().iter().cloned());
        ManifestRules::new(version).permissions(permissions).event_types(app_events.iter().cloned())
    }

    /// What webhooks may be for: the questions, and the types of events, but not those of the
    /// system, which are of no shop.
    pub(crate) fn app_events(&self, catalogue: &EventCatalogue) -> BTreeSet<EventType> {
        let of_shops = catalogue.iter().filter(|event| event.producer != SYSTEM_PRODUCER);
        let events = of_shops.map(|event| event.event_type.clone());
        events.chain(self.questions()).collect()
    }

    /// What the domains ask apps.
    pub(crate) fn questions(&self) -> BTreeSet<EventType> {
        let domains = self.domains.iter().chain(&self.elsewhere);
        domains.flat_map(|domain| domain.questions().iter().cloned()).collect()
    }
}
