//! What two buses did, as callers of the API see it, and those at the command line.

use czo_core::{EventType, Group};
use czo_events::{GroupParity, ParityLedger, TypeParity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the broker did with the events that the bus in memory was given too, since the process
/// began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParityView {
    /// What became of the events of each type.
    pub(crate) types: Vec<TypeView>,
    /// What arrived at each group.
    pub(crate) groups: Vec<GroupView>,
    /// How many events have waited in the outbox for the broker for more than five seconds, those of
    /// other processes too.
    pub(crate) kept: u64,
    /// How many it has put aside because the broker refused them.
    pub(crate) refused: u64,
    /// Whether the broker may take over.
    pub(crate) verdict: VerdictView,
}

/// What the broker did with the events of one type.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TypeView {
    /// The type.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    pub(crate) event_type: EventType,
    /// How many the bus in memory was given.
    pub(crate) published: u64,
    /// How many of them the broker took.
    pub(crate) confirmed: u64,
    /// How many the broker does not have: it refused them.
    pub(crate) missing: u64,
    /// How many wait for the broker.
    pub(crate) waiting: u64,
    /// How many waited too long to be followed.
    pub(crate) unfollowed: u64,
    /// How many the broker took of which the bus in memory was given none here: what other
    /// processes were given, or one that has ended had left.
    pub(crate) of_others: u64,
    /// How much later than the bus in memory the broker had the last one; null before there is one.
    pub(crate) lag_seconds: Option<f64>,
    /// The longest that it took; null before there is one.
    pub(crate) longest_lag_seconds: Option<f64>,
}

/// What arrived at one group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupView {
    /// The group.
    #[schemars(with = "String")]
    pub(crate) group: Group,
    /// How many events arrived on both buses.
    pub(crate) matched: u64,
    /// How many arrived on the bus in memory and not yet on the broker.
    pub(crate) only_local: u64,
    /// How many arrived on the broker and not yet on the bus in memory.
    pub(crate) only_broker: u64,
    /// How many arrived on neither yet.
    pub(crate) on_their_way: u64,
    /// How many the broker brought more than once.
    pub(crate) duplicates: u64,
    /// How many were not followed, because too many were on their way.
    pub(crate) unfollowed: u64,
    /// Whether the broker listens for all that the group wants, so that everything is compared.
    pub(crate) is_compared: bool,
}

/// Whether the broker may take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictView {
    /// Whether it may.
    pub(crate) is_ready: bool,
    /// How many events were given to both.
    pub(crate) events: u64,
    /// What speaks against it.
    pub(crate) objections: Vec<String>,
    /// All of it in one sentence.
    pub(crate) sentence: String,
}

/// What the outbox keeps for the broker, also that of other processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) waiting: u64,
    pub(crate) refused: u64,
}

impl ParityView {
    /// With the verdict of who wants to have seen so many events at least. What the outbox keeps
    /// for the broker must have arrived, too, whether this process knows of it or not.
    pub(crate) fn of(ledger: &ParityLedger, least: u64, kept: Kept) -> Self {
        let types: Vec<_> = ledger.types().into_iter().map(TypeView::from).collect();
        let mut verdict = ledger.verdict(least);
        let known: u64 = types.iter().map(|row| row.waiting).sum();
        let Kept { waiting, refused } = kept;
        if waiting > known {
            let others = waiting - known;
            verdict.objections.push(format!("{others} events wait in the outbox for the broker"));
        }
        if refused > 0 {
            let hint = "`czo outbox list --broker` shows them";
            verdict.objections.push(format!("the broker refused {refused} events: {hint}"));
        }
        Self {
            types,
            groups: ledger.groups().into_iter().map(GroupView::from).collect(),
            kept: waiting,
            refused,
            verdict: verdict.into(),
        }
    }
}

impl From<(EventType, TypeParity)> for TypeView {
    fn from((event_type, row): (EventType, TypeParity)) -> Self {
        let took_one = row.confirmed > 0;
        Self {
            event_type,
            published: row.published,
            confirmed: row.confirmed,
            missing: row.missing,
            waiting: row.waiting(),
            unfollowed: row.unfollowed,
            of_others: row.of_others,
            lag_seconds: took_one.then_some(row.lag.as_secs_f64()),
            longest_lag_seconds: took_one.then_some(row.longest_lag.as_secs_f64()),
        }
    }
}

impl From<(Group, GroupParity)> for GroupView {
    fn from((group, row): (Group, GroupParity)) -> Self {
        Self {
            group,
            matched: row.matched,
            only_local: row.only_local,
            only_broker: row.only_broker,
            on_their_way: row.on_their_way,
            duplicates: row.duplicates,
            unfollowed: row.unfollowed,
            is_compared: row.is_compared,
        }
    }
}

impl From<Verdict> for VerdictView {
    fn from(verdict: Verdict) -> Self {
        let (is_ready, sentence) = (verdict.is_ready(), verdict.to_string());
        Self { is_ready, events: verdict.events, objections: verdict.objections, sentence }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use czo_core::{
        DomainEvent, EventBus, EventFactory, HandlerError, RequestContext, ShutdownStarted,
        SubscribeOptions, SystemClock, SystemIds, TopicPattern, handler_fn,
    };
    use czo_events::{DualWriteBus, InProcessBus};

    use super::*;

    async fn becomes_so(is_so: impl Fn() -> bool) {
        let looking = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looking).await.unwrap();
    }

    #[tokio::test]
    async fn what_both_buses_did_is_shown_with_the_verdict() {
        let local: Arc<dyn EventBus> = Arc::new(InProcessBus::new());
        let bus = DualWriteBus::new(local, Arc::new(InProcessBus::new()));
        let handler = handler_fn(|_: Arc<DomainEvent>| async { Ok::<_, HandlerError>(()) });
        let group = "test.reader".parse().unwrap();
        let options = SubscribeOptions::default();
        let subscription =
            bus.subscribe(TopicPattern::all(), group, Arc::new(handler), options).await.unwrap();
        let ledger = bus.ledger().clone();
        becomes_so(|| ledger.groups().values().all(|row| row.is_compared)).await;

        let factory = EventFactory::new("system", Arc::new(SystemClock), Arc::new(SystemIds));
        let ending = ShutdownStarted { domains: Vec::new(), drain_seconds: 1 };
        let event = factory.event(&RequestContext::system(&SystemIds), &ending).unwrap();
        bus.publish(event).await.unwrap();
        becomes_so(|| ledger.verdict(1).is_ready()).await;

        let view = ParityView::of(&ledger, 1, Kept::default());
        let [row] = view.types.as_slice() else { panic!("{view:?}") };
        let counts = (row.published, row.confirmed, row.missing, row.waiting);
        assert_eq!((row.event_type.as_str(), counts), ("system.shutdown.started", (1, 1, 0, 0)));
        assert!(row.lag_seconds.is_some() && row.lag_seconds == row.longest_lag_seconds);
        let [row] = view.groups.as_slice() else { panic!("{view:?}") };
        assert_eq!((row.group.as_str(), row.matched, row.only_local), ("test.reader", 1, 0));
        assert!(row.is_compared);
        assert!(view.verdict.is_ready, "{view:?}");
        assert_eq!(view.verdict.sentence, "ready for the cut-over: 1 events, no divergence");

        let more = ParityView::of(&ledger, 2, Kept::default()).verdict;
        assert_eq!((more.is_ready, more.events, more.objections.len()), (false, 1, 1));
        assert!(more.sentence.starts_with("not ready for the cut-over: "), "{}", more.sentence);

        let kept = ParityView::of(&ledger, 1, Kept { waiting: 3, refused: 2 });
        assert!(!kept.verdict.is_ready, "{kept:?}");
        let [waiting, refused] = kept.verdict.objections.as_slice() else { panic!("{kept:?}") };
        assert_eq!(waiting, "3 events wait in the outbox for the broker");
        assert!(refused.starts_with("the broker refused 2 events"), "{refused}");
        drop(subscription);
    }
}
