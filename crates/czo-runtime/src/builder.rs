//! `Czo::builder()`: which domains a program has.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use czo_core::{Clock, EventCatalogue, IdGenerator, SystemClock, SystemIds};
use czo_domain::{Domain, DomainName};
use czo_hooks::HookRegistry;
use czo_migrations::Migrator;

use crate::{RuntimeError, cli};

/// A program made of domains, not yet running.
///
/// ```
/// use czo_runtime::Czo;
///
/// let czo = Czo::builder().build()?;
/// let events = czo.event_catalogue()?;
/// // Those of the system and of third-party apps are always there.
/// assert!(events.iter().all(|event| ["system", "app"].contains(&event.producer.as_str())));
/// # Ok::<(), czo_runtime::RuntimeError>(())
/// ```
pub struct Czo {
    pub(crate) domains: Vec<Box<dyn Domain>>,
    /// Those that are compiled in and not [chosen](Self::only): another process has them.
    pub(crate) elsewhere: Vec<Box<dyn Domain>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) hooks: HookRegistry,
    /// Name and version.
    pub(crate) program: Option<(String, String)>,
}

/// Collects the domains of a [`Czo`].
pub struct CzoBuilder {
    czo: Czo,
}

impl Czo {
    /// A program without domains.
    #[must_use]
    pub fn builder() -> CzoBuilder {
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let (domains, elsewhere) = (Vec::new(), Vec::new());
        let hooks = HookRegistry::new();
        CzoBuilder { czo: Self { domains, elsewhere, clock, ids, hooks, program: None } }
    }

    /// Every event that the system and the domains publish, also those [left to other processes](Self::only).
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Catalogue`] when two domains publish one.
    pub fn event_catalogue(&self) -> Result<EventCatalogue, RuntimeError> {
        let mut catalogue = EventCatalogue::default();
        catalogue.add_system()?;
        czo_apps::add_app_events(&mut catalogue)?;
        czo_modules::add_module_events(&mut catalogue)?;
        for domain in self.domains.iter().chain(&self.elsewhere) {
            domain.events(&mut catalogue)?;
        }
        Ok(catalogue)
    }

    /// The migrations of the runtime, of the outbox, of the jobs, of apps, of modules and of the
    /// domains, in boot order.
    #[must_use]
    pub fn migrator(&self) -> Migrator {
        let domains = self.domains.iter().filter_map(|domain| domain.migrations());
        let own = [
            czo_migrations::runtime(),
            czo_migrations::outbox(),
            czo_migrations::jobs(),
            czo_migrations::apps(),
            czo_migrations::webhooks(),
            czo_migrations::modules(),
        ];
        Migrator::new(own.into_iter().chain(domains).collect())
    }

    /// Only these domains of the program, and what they depend on.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownDomain`].
    pub fn only(mut self, names: &[String]) -> Result<Self, RuntimeError> {
        let known: Vec<_> = self.domains.iter().map(|domain| domain.name().as_str()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(RuntimeError::UnknownDomain { name: name.clone(), known });
        }
        let mut wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        // Dependencies stand before those that need them, so one look from the back finds all.
        for domain in self.domains.iter().rev() {
            if wanted.contains(domain.name().as_str()) {
                wanted.extend(domain.depends_on().iter().map(|name| name.as_str()));
            }
        }
        let wanted: BTreeSet<String> = wanted.into_iter().map(str::to_owned).collect();
        let (domains, elsewhere) = std::mem::take(&mut self.domains)
            .into_iter()
            .partition(|domain| wanted.contains(domain.name().as_str()));
        self.domains = domains;
        self.elsewhere.extend::<Vec<_>>(elsewhere);
        Ok(self)
    }
}

impl CzoBuilder {
    /// Adds a domain. The order of calls is of no importance.
    #[must_use]
    pub fn domain(mut self, domain: impl Domain + 'static) -> Self {
        self.czo.domains.push(Box::new(domain));
        self
    }

    /// Says what the program is called and its version, for the documents about it. Default: a
    /// program made with czo, of a version that is not said.
    ///
    /// ```
    /// use czo_runtime::Czo;
    ///
    /// let builder = Czo::builder().program(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    /// ```
    #[must_use]
    pub fn program(mut self, name: &str, version: &str) -> Self {
        self.czo.program = Some((name.to_owned(), version.to_owned()));
        self
    }

    /// Takes time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.czo.clock = clock;
        self
    }

    /// Takes new ids from `ids`.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.czo.ids = ids;
        self
    }

    /// Hands `hooks` to the domains, so that the program's own hooks take part; domains add
    /// theirs through their context.
    #[must_use]
    pub fn hooks(mut self, hooks: HookRegistry) -> Self {
        self.czo.hooks = hooks;
        self
    }

    /// Puts the domains into boot order: each behind those it depends on.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::DuplicateDomain`] and [`RuntimeError::DomainOrder`].
    pub fn build(self) -> Result<Czo, RuntimeError> {
        let mut waiting = self.czo.domains;
        let mut ordered: Vec<Box<dyn Domain>> = Vec::with_capacity(waiting.len());
        let mut there = BTreeSet::new();
        while !waiting.is_empty() {
            let ready = waiting
                .iter()
                .position(|domain| domain.depends_on().iter().all(|name| there.contains(name)));
            let Some(ready) = ready else { return Err(out_of_order(&*waiting[0], &there)) };
            let domain = waiting.remove(ready);
            if !there.insert(domain.name()) {
                return Err(RuntimeError::DuplicateDomain(domain.name()));
            }
            ordered.push(domain);
        }
        Ok(Czo { domains: ordered, ..self.czo })
    }

    /// Runs the program: reads the command line, does what it says, prints errors. For `main`.
    #[must_use]
    pub fn run(self) -> ExitCode {
        cli::run(self)
    }
}

fn out_of_order(domain: &dyn Domain, there: &BTreeSet<DomainName>) -> RuntimeError {
    let missing = domain.depends_on().iter().find(|name| !there.contains(name));
    let needs = *missing.expect("a domain whose needs are all there would have been ready");
    RuntimeError::DomainOrder { domain: domain.name(), needs }
}

impl std::fmt::Debug for Czo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.domains.iter().map(|domain| domain.name()).collect();
        f.debug_struct("Czo").field("domains", &names).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CzoBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.czo, f)
    }
}

#[cfg(test)]
mod tests {
    use czo_domain::{DomainContext, DomainError, MigrationSet, Registration};

    use super::*;

    struct Named(DomainName, Vec<DomainName>);

    impl Domain for Named {
        fn name(&self) -> DomainName {
            self.0
        }

        fn depends_on(&self) -> &[DomainName] {
            &self.1
        }

        fn migrations(&self) -> Option<MigrationSet> {
            None
        }

        fn register(&self, _: &DomainContext, _: &mut Registration) -> Result<(), DomainError> {
            Ok(())
        }
    }

    fn named(name: &'static str, needs: &[&'static str]) -> Named {
        Named(DomainName::new(name), needs.iter().map(|name| DomainName::new(name)).collect())
    }

    fn order(czo: &Czo) -> Vec<&'static str> {
        czo.domains.iter().map(|domain| domain.name().as_str()).collect()
    }

    fn shop() -> Czo {
        Czo::builder()
            .domain(named("payment", &["order"]))
            .domain(named("order", &["catalog"]))
            .domain(named("search", &[]))
            .domain(named("catalog", &[]))
            .build()
            .unwrap()
    }

    #[test]
    fn domains_boot_behind_those_they_need() {
        assert_eq!(order(&shop()), ["search", "catalog", "order", "payment"]);
    }

    #[test]
    fn a_domain_alone_brings_what_it_needs() {
        assert_eq!(order(&shop().only(&["order".to_owned()]).unwrap()), ["catalog", "order"]);
        let error = shop().only(&["orders".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("there are search, catalog, order, payment"), "{error}");
    }

    #[test]
    fn a_missing_need_a_circle_and_a_double_are_refused() {
        let build = |domains: Vec<Named>| {
            domains.into_iter().fold(Czo::builder(), CzoBuilder::domain).build().unwrap_err()
        };
        let missing = build(vec![named("order", &["catalog"])]);
        assert!(matches!(missing, RuntimeError::DomainOrder { .. }));
        let circle = build(vec![named("a", &["b"]), named("b", &["a"])]);
        assert!(matches!(circle, RuntimeError::DomainOrder { .. }));
        let double = build(vec![named("a", &[]), named("a", &[])]);
        assert!(matches!(double, RuntimeError::DuplicateDomain(_)));
    }
}
