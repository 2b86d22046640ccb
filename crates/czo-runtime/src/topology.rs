//! Who publishes which events and who consumes them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use czo_cache::Cache;
use czo_core::{
    EventCatalogue, EventType, Group, NoApps, StaticRoles, SubscribeOptions, TopicPattern,
};
use czo_domain::{DomainContext, DomainJobs, DomainName, EventOutlet, Parts, Registration};
use czo_fetch::Fetcher;
use czo_graphql::GraphqlOptions;
use czo_hooks::HookRegistry;
use czo_jobs::SqlJobs;
use czo_outbox::{Inbox, Outbox, OutboxOptions};
use czo_repo::{Database, DatabaseOptions, DatabaseUrl};
use serde::Serialize;

use crate::{Czo, RuntimeError, Shops};

/// The group of the subscription that writes every event into the log.
pub(crate) const JOURNAL: &str = "runtime.journal";

/// What the groups of modules begin with.
const OF_MODULES: &str = "module.";

/// Who publishes which events of a program and who consumes them.
#[derive(Clone, Debug)]
pub struct EventTopology {
    /// Every event, with its producer.
    pub catalogue: EventCatalogue,
    /// Every subscription, in boot order; the runtime's own comes first.
    pub consumers: Vec<EventConsumer>,
}

/// A subscription of a domain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventConsumer {
    /// What it wants.
    pub pattern: TopicPattern,
    /// Its group.
    pub group: Group,
    /// The domain, or `runtime`.
    pub consumer: String,
    /// The delays before each further attempt at an event whose handler failed, in seconds.
    pub retry_seconds: Vec<f64>,
}

impl EventConsumer {
    fn new(
        pattern: TopicPattern,
        group: Group,
        consumer: &str,
        options: &SubscribeOptions,
    ) -> Self {
        let retry_seconds = options.retry.delays().iter().map(Duration::as_secs_f64).collect();
        Self { pattern, group, consumer: consumer.to_owned(), retry_seconds }
    }
}

impl Czo {
    /// Who publishes and who consumes what. It registers the domains against an empty database
    /// in a temporary folder, so it needs no configuration and touches no data.
    ///
    /// # Errors
    ///
    /// When two domains publish one event, when a domain can't be registered, and when there is
    /// no temporary folder.
    pub async fn event_topology(&self) -> Result<EventTopology, RuntimeError> {
        let folder = tempfile::tempdir().map_err(RuntimeError::TemporaryFolder)?;
        let url = DatabaseUrl::sqlite(folder.path().join("nothing.db"));
        let database = Database::connect(&DatabaseOptions::new(url)).await?;
        let (clock, ids) = (self.clock.clone(), self.ids.clone());
        let catalogue = self.event_catalogue()?;
        let context = DomainContext {
            database: database.clone(),
            outlet: EventOutlet::new(Outbox::new(&database, OutboxOptions::default()))
                .only_listed(&catalogue),
            inbox: Inbox::new(&database),
            jobs: DomainJobs::new(SqlJobs::new(database.clone())),
            cache: Cache::off(),
            fetcher: Fetcher::default(),
            apps: Arc::new(NoApps),
            hooks: HookRegistry::new(),
            permissions: Arc::new(StaticRoles::new([])),
            shops: Arc::new(Shops::new(database.clone(), clock.clone(), ids.clone())),
            clock,
            ids,
            graphql: GraphqlOptions::default(),
        };
        let topology = self.register(&context).map(|domains| topology(catalogue, &domains));
        drop(context);
        database.close().await?;
        topology
    }

    /// Lets every domain build what it offers.
    pub(crate) fn register(
        &self,
        context: &DomainContext,
    ) -> Result<Vec<(DomainName, Parts)>, RuntimeError> {
        let mut registered = Vec::with_capacity(self.domains.len());
        for domain in &self.domains {
            let mut registration = Registration::default();
            domain
                .register(context, &mut registration)
                .map_err(|source| RuntimeError::Domain { domain: domain.name(), source })?;
            registered.push((domain.name(), registration.into_parts()));
        }
        Ok(registered)
    }
}

/// The producers of the catalogue, and the consumers among what was registered.
pub(crate) fn topology(
    catalogue: EventCatalogue,
    registered: &[(DomainName, Parts)],
) -> EventTopology {
    let group = JOURNAL.parse().expect("a constant of the right form");
    let options = SubscribeOptions::default();
    let journal = EventConsumer::new(TopicPattern::all(), group, "runtime", &options);
    let subscriptions = registered.iter().flat_map(|(name, parts)| {
        parts.subscriptions.iter().map(|pending| {
            let (pattern, group) = (pending.pattern.clone(), pending.group.clone());
            EventConsumer::new(pattern, group, name.as_str(), &pending.options)
        })
    });
    let consumers = std::iter::once(journal).chain(subscriptions).collect();
    EventTopology { catalogue, consumers }
}

impl EventTopology {
    /// Refuses a subscription that no event of the catalogue matches: it would wait for ever.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::DeafSubscription`] for the first one, with what may have been meant.
    pub fn check(&self) -> Result<(), RuntimeError> {
        let deaf = self.consumers.iter().find(|consumer| {
            // `#` is what it says, also in a program without events.
            consumer.pattern != TopicPattern::all() && self.matching(consumer).next().is_none()
        });
        let Some(EventConsumer { pattern, group, consumer, .. }) = deaf else { return Ok(()) };
        Err(RuntimeError::DeafSubscription {
            domain: consumer.clone(),
            group: group.clone(),
            pattern: pattern.clone(),
            suggestion: self.suggestion(pattern),
        })
    }

    /// Refuses a group that no consumer of the program is in. Groups of modules come and go while the
    /// program runs, so all of them pass.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownGroup`], with those there are.
    pub fn check_group(&self, group: &Group) -> Result<(), RuntimeError> {
        let is_known = self.consumers.iter().any(|consumer| consumer.group == *group);
        if is_known || group.as_str().starts_with(OF_MODULES) {
            return Ok(());
        }
        let known: BTreeSet<_> = self.consumers.iter().map(|consumer| &consumer.group).collect();
        let known: Vec<_> = known.into_iter().map(ToString::to_string).collect();
        let suggestion = nearest(group.as_str(), known.iter().cloned());
        Err(RuntimeError::UnknownGroup { group: group.clone(), suggestion, known })
    }

    /// Refuses a pattern that no event of the catalogue matches.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownEvents`], with what may have been meant.
    pub fn check_pattern(&self, pattern: &TopicPattern) -> Result<(), RuntimeError> {
        if self.catalogue.iter().any(|event| pattern.matches(&event.event_type)) {
            return Ok(());
        }
        let suggestion = self.suggestion(pattern);
        Err(RuntimeError::UnknownEvents { pattern: pattern.clone(), suggestion })
    }

    /// The types that a consumer gets.
    pub(crate) fn matching<'a>(
        &'a self,
        consumer: &'a EventConsumer,
    ) -> impl Iterator<Item = &'a EventType> {
        let mut types: Vec<_> = self.catalogue.iter().map(|event| &event.event_type).collect();
        types.dedup();
        types.into_iter().filter(|event_type| consumer.pattern.matches(event_type))
    }

    /// The pattern nearest to `pattern` that matches an event, unless a third of it is different.
    fn suggestion(&self, pattern: &TopicPattern) -> Option<String> {
        let wanted = pattern.as_str();
        nearest(wanted, self.catalogue.iter().map(|event| mended(wanted, &event.event_type)))
    }
}

/// The candidate nearest to `wanted`, unless a third of it is different.
fn nearest(wanted: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(wanted, &candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// `pattern` with its words replaced by those of `event_type`, so that it matches it; the type
/// itself where that is not possible.
fn mended(pattern: &str, event_type: &EventType) -> String {
    let words: Vec<_> = pattern.split('.').collect();
    let segments: Vec<_> = event_type.segments().collect();
    let any_number = words.iter().position(|word| *word == "#");
    let mended = words.iter().enumerate().map(|(place, word)| {
        let segment = match any_number {
            Some(hash) if place > hash => {
                segments.len().checked_sub(words.len() - place).and_then(|at| segments.get(at))
            }
            _ => segments.get(place),
        };
        if matches!(*word, "*" | "#") { word } else { segment.unwrap_or(word) }
    });
    let mended = mended.copied().collect::<Vec<_>>().join(".");
    let fits = mended.parse().is_ok_and(|pattern: TopicPattern| pattern.matches(event_type));
    if fits { mended } else { event_type.to_string() }
}

#[cfg(test)]
mod tests {
    use czo_core::Event;
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize, schemars::JsonSchema, Event)]
    #[event("product.item.created", version = 1)]
    struct Created {}

    #[derive(Serialize, Deserialize, schemars::JsonSchema, Event)]
    #[event("inventory.stock.low", version = 1)]
    struct StockLow {}

    fn topology(pattern: &str) -> EventTopology {
        let mut catalogue = EventCatalogue::default();
        catalogue.add::<Created>("catalog").unwrap();
        catalogue.add_external::<StockLow>("inventory").unwrap();
        let (pattern, group) = (pattern.parse().unwrap(), "search.index".parse().unwrap());
        let consumer = EventConsumer::new(pattern, group, "search", &SubscribeOptions::default());
        EventTopology { catalogue, consumers: vec![consumer] }
    }

    #[test]
    fn a_pattern_that_matches_an_event_passes_whoever_publishes_it() {
        for pattern in ["product.item.created", "product.#", "#.low", "*.*.*", "#"] {
            topology(pattern).check().unwrap();
        }
    }

    #[test]
    fn everything_may_be_asked_for_where_there_are_no_events() {
        let mut topology = topology("#");
        topology.catalogue = EventCatalogue::default();
        topology.check().unwrap();
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused_with_what_was_meant() {
        for (pattern, meant) in [
            ("product.item.craeted", "product.item.created"),
            ("product.created", "product.item.created"),
            ("produkt.#", "product.#"),
            ("#.stok.low", "#.stock.low"),
            ("*.items.created", "*.item.created"),
            ("product.item.created.v1", "product.item.created"),
        ] {
            let message = topology(pattern).check().unwrap_err().to_string();
            assert!(message.contains(&format!("to `{pattern}`")), "{message}");
            assert!(message.contains(&format!("did you mean `{meant}`?")), "{message}");
            assert!(message.contains("`search.index`"), "{message}");
            assert!(message.contains("`czo events list`"), "{message}");
        }
    }

    #[test]
    fn a_group_that_nobody_is_in_is_refused_with_those_there_are() {
        let topology = topology("#");
        topology.check_group(&"search.index".parse().unwrap()).unwrap();
        topology.check_group(&"module.loyalty_points".parse().unwrap()).unwrap();
        let refusal =
            |group: &str| topology.check_group(&group.parse().unwrap()).unwrap_err().to_string();
        let near = refusal("serach.index");
        assert!(near.contains("did you mean `search.index`?"), "{near}");
        let far = refusal("billing.ledger");
        assert!(far.contains("`billing.ledger`") && far.contains("search.index"), "{far}");
        assert!(!far.contains("did you mean"), "{far}");
    }

    #[test]
    fn a_pattern_for_a_replay_matches_an_event_or_is_refused_with_what_was_meant() {
        let topology = topology("#");
        let check = |pattern: &str| topology.check_pattern(&pattern.parse().unwrap());
        check("product.#").unwrap();
        let near = check("produkt.#").unwrap_err().to_string();
        assert!(near.contains("`produkt.#`: did you mean `product.#`?"), "{near}");
        let far = check("shipping.label.printed").unwrap_err().to_string();
        assert!(far.contains("`czo events list`") && !far.contains("did you mean"), "{far}");
    }

    #[test]
    fn what_is_near_to_nothing_is_refused_without_a_guess() {
        for pattern in ["*.*", "*.*.*.*", "shipping.label.printed"] {
            let message = topology(pattern).check().unwrap_err().to_string();
            assert!(!message.contains("did you mean"), "{message}");
            assert!(message.contains("add_external"), "{message}");
        }
    }
}
