//! What was due and what arrived, compared.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use czo_apps::WebhookDeliveryId;
use czo_core::DomainEvent;
use serde::Deserialize;
use uuid::Uuid;

use super::manner::Manner;
use super::writer::Changed;

/// One message that came to a receiver in whole.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) manner: Manner,
    /// The `webhook-id`; nothing where it is none.
    pub(crate) id: Option<Uuid>,
    pub(crate) event: Option<Uuid>,
    /// What changed, and for the how manieth time.
    pub(crate) change: Option<(i32, i64)>,
    /// The writer has rolled it back, or it is no event of a writer.
    pub(crate) doomed: bool,
    /// Tells its body from others.
    pub(crate) body: u64,
    /// The receiver takes it for its own.
    pub(crate) accepted: bool,
}

#[derive(Deserialize)]
struct Body {
    data: DomainEvent,
}

impl Arrival {
    pub(crate) fn of(manner: Manner, id: &str, body: &[u8], accepted: bool) -> Self {
        let event = serde_json::from_slice(body).map(|body: Body| body.data).ok();
        let changed = event.as_ref().and_then(|event| event.decode::<Changed>().ok());
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            manner,
            id: id.parse::<WebhookDeliveryId>().ok().map(|id| id.uuid()),
            event: event.as_ref().map(|event| event.id.uuid()),
            change: changed.as_ref().map(|changed| (changed.aggregate, changed.version)),
            doomed: changed.is_none_or(|changed| changed.doomed),
            body: hasher.finish(),
            accepted,
        }
    }
}

/// What the database says at the end: the truth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    /// Every event whose transaction was committed.
    pub(crate) sent: HashSet<Uuid>,
    /// The ids of the messages that were delivered, as the log says.
    pub(crate) delivered: Vec<Uuid>,
    /// How many are still on their way.
    pub(crate) left: u64,
    /// How many were given up, although their webhooks are active.
    pub(crate) given_up: u64,
    /// Whether the webhook that is gone is disabled, ...
    pub(crate) gone_is_disabled: bool,
    /// ... and how many are.
    pub(crate) disabled: u64,
}

/// Due, delivered, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    figures: BTreeMap<&'static str, u64>,
    order: Vec<&'static str>,
}

/// What must not happen at all.
const NEVER: [&str; 11] = [
    "lost",
    "out_of_order",
    "different_bodies",
    "different_ids",
    "rolled_back_arrived",
    "delivered_but_not_accepted",
    "given_up",
    "left",
    "wrongly_active",
    "bad_signatures",
    "redirects_followed",
];

impl Ledger {
    /// Compares what arrived with the truth.
    pub(crate) fn of(arrivals: &[Arrival], truth: &Truth) -> Self {
        let mut bodies: HashMap<Option<Uuid>, HashSet<u64>> = HashMap::new();
        let mut ids: HashMap<(Manner, Option<Uuid>), HashSet<Option<Uuid>>> = HashMap::new();
        let mut accepted: HashSet<(Manner, Uuid)> = HashSet::new();
        let mut accepted_ids: HashSet<Uuid> = HashSet::new();
        let (mut again, mut refused) = (0_u64, 0_u64);
        let mut strays = HashSet::new();
        for arrival in arrivals {
            let Arrival { manner, event, .. } = *arrival;
            bodies.entry(arrival.id).or_default().insert(arrival.body);
            ids.entry((manner, event)).or_default().insert(arrival.id);
            let is_due = event.filter(|event| !arrival.doomed && truth.sent.contains(event));
            let Some(event) = is_due else {
                strays.insert(arrival.id);
                continue;
            };
            if arrival.accepted {
                again += u64::from(!accepted.insert((manner, event)));
                accepted_ids.extend(arrival.id);
            } else {
                refused += 1;
            }
        }
        // The one that is sacrificed is owed nothing: when it was disabled is nobody's business.
        let due = Manner::ALL.iter().filter(|manner| **manner != Manner::Gone);
        let due: Vec<_> =
            due.flat_map(|manner| truth.sent.iter().map(|event| (*manner, *event))).collect();
        let delivered = due.iter().filter(|due| accepted.contains(due)).count();
        let never_accepted = truth.delivered.iter().filter(|id| !accepted_ids.contains(id));
        let several =
            |sizes: &mut dyn Iterator<Item = usize>| sizes.filter(|size| *size > 1).count();
        let wrongly_active = u64::from(!truth.gone_is_disabled) + truth.disabled.abs_diff(1);

        let mut ledger = Self::default();
        ledger.set("events", truth.sent.len());
        ledger.set("due", due.len());
        ledger.set("delivered", delivered);
        ledger.set("lost", due.len() - delivered);
        ledger.set("out_of_order", out_of_order(arrivals));
        ledger.set("different_bodies", several(&mut bodies.values().map(HashSet::len)));
        ledger.set("different_ids", several(&mut ids.values().map(HashSet::len)));
        ledger.set("rolled_back_arrived", strays.len());
        ledger.set("delivered_but_not_accepted", never_accepted.count());
        ledger.set("given_up", truth.given_up);
        ledger.set("left", truth.left);
        ledger.set("wrongly_active", wrongly_active);
        ledger.set("arrivals", arrivals.len());
        ledger.set("duplicates", again);
        ledger.set("refused", refused);
        ledger
    }

    /// Adds a figure at the end, or changes it.
    pub(crate) fn set(&mut self, name: &'static str, value: impl TryInto<u64>) {
        if self.figures.insert(name, value.try_into().unwrap_or(u64::MAX)).is_none() {
            self.order.push(name);
        }
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.figures.get(name).copied().unwrap_or_default()
    }

    /// All figures, in the order in which a person reads them.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&'static str, u64)> + Clone {
        self.order.iter().map(|name| (*name, self.get(name)))
    }

    /// What must not have happened and did.
    pub(crate) fn faults(&self) -> Vec<String> {
        let broken = NEVER.iter().filter(|name| self.get(name) > 0);
        broken.map(|name| format!("{name}: {}", self.get(name))).collect()
    }
}

/// How many of a lane came, for the first time, before the one in front was accepted.
fn out_of_order(arrivals: &[Arrival]) -> usize {
    let mut first: HashMap<(i32, i64), usize> = HashMap::new();
    let mut accepted: HashMap<(i32, i64), usize> = HashMap::new();
    let ordered = arrivals.iter().filter(|arrival| arrival.manner == Manner::Ordered);
    for (place, arrival) in ordered.enumerate() {
        let Some(change) = arrival.change else { continue };
        first.entry(change).or_insert(place);
        if arrival.accepted {
            accepted.entry(change).or_insert(place);
        }
    }
    let overtook = first.iter().filter(|((aggregate, version), place)| {
        *version > 1
            && accepted.get(&(*aggregate, version - 1)).is_none_or(|before| before > *place)
    });
    overtook.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(event: u128, version: i64, accepted: bool) -> Arrival {
        Arrival {
            manner: Manner::Ordered,
            id: Some(Uuid::from_u128(event + 1_000)),
            event: Some(Uuid::from_u128(event)),
            change: Some((1, version)),
            doomed: false,
            body: 7,
            accepted,
        }
    }

    fn ledger(arrivals: &[Arrival], sent: &[u128]) -> Ledger {
        let elsewhere = Manner::ALL.iter().filter(|manner| **manner != Manner::Ordered);
        let elsewhere = elsewhere.flat_map(|manner| {
            sent.iter().map(|event| Arrival {
                manner: *manner,
                id: None,
                ..arrival(*event, 1, true)
            })
        });
        let all: Vec<_> = arrivals.iter().cloned().chain(elsewhere).collect();
        let sent = sent.iter().copied().map(Uuid::from_u128).collect();
        Ledger::of(&all, &Truth { sent, gone_is_disabled: true, disabled: 1, ..Truth::default() })
    }

    #[test]
    fn what_comes_again_is_no_fault() {
        let arrivals = [
            arrival(1, 1, false),
            arrival(1, 1, true),
            arrival(2, 2, true),
            arrival(1, 1, true),
            arrival(2, 2, true),
        ];
        let ledger = ledger(&arrivals, &[1, 2]);
        assert_eq!(ledger.faults(), [""; 0]);
        let counts = ["delivered", "duplicates", "refused"].map(|name| ledger.get(name));
        assert_eq!(counts, [20, 2, 1]);
    }

    #[test]
    fn what_overtakes_and_what_is_missing_is_counted() {
        let arrivals = [arrival(1, 1, false), arrival(2, 2, true), arrival(1, 1, true)];
        assert_eq!(ledger(&arrivals, &[1, 2, 3]).faults(), ["lost: 1", "out_of_order: 1"]);
    }

    #[test]
    fn what_was_rolled_back_and_what_has_changed_is_counted() {
        let mut other = arrival(1, 1, true);
        other.body = 8;
        let mut twice = arrival(2, 2, true);
        twice.id = Some(Uuid::from_u128(9));
        let arrivals =
            [arrival(1, 1, true), other, arrival(2, 2, true), twice, arrival(3, 3, true)];
        let faults = ledger(&arrivals, &[1, 2]).faults();
        assert_eq!(faults, ["different_bodies: 1", "different_ids: 1", "rolled_back_arrived: 1"]);
    }
}
