//! What holds for every difference, whatever is on the broker.

use proptest::prelude::*;
use proptest::sample::select;

use super::{
    Argument, Binding, Change, Difference, Interim, Live, LiveBinding, LiveExchange, LiveQueue,
    Names, Note, QueueArguments, Topology,
};

fn names() -> Names {
    Names::prefixed("laws.").unwrap()
}

fn wanted() -> Topology {
    Topology::of_the_system(&names())
}

fn exchange(kind: &str) -> LiveExchange {
    LiveExchange {
        kind: kind.to_owned(),
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: QueueArguments::new(),
    }
}

fn queue(arguments: QueueArguments) -> LiveQueue {
    LiveQueue {
        arguments,
        durable: true,
        auto_delete: false,
        exclusive: false,
        messages: 0,
        stuck: 0,
        consumers: 0,
    }
}

/// A broker that has exactly this.
fn broker_with(topology: &Topology) -> Live {
    let Topology { exchanges, queues, bindings } = topology.clone();
    Live {
        exchanges: exchanges
            .iter()
            .map(|(name, kind)| (name.clone(), exchange(kind.as_str())))
            .collect(),
        queues: queues.into_iter().map(|(name, arguments)| (name, queue(arguments))).collect(),
        bindings: bindings.into_iter().map(LiveBinding::from).collect(),
    }
}

/// The broker after all of it happened.
fn after(mut live: Live, difference: &Difference) -> Live {
    for change in difference.changes.clone() {
        match change {
            Change::MakeExchange { exchange: name, kind }
            | Change::OtherExchange { exchange: name, wanted: kind, .. } => {
                live.exchanges.insert(name, exchange(kind.as_str()));
            }
            Change::MakeQueue { queue: name, arguments } => {
                live.queues.insert(name, queue(arguments));
            }
            Change::RebuildQueue { queue: name, arguments, .. }
            | Change::FinishQueue { queue: name, arguments } => {
                let interim = Interim::of(&name);
                live.queues.remove(&interim.queue);
                live.exchanges.remove(&interim.aside);
                live.exchanges.remove(&interim.back);
                live.queues.insert(name, queue(arguments));
            }
            Change::MakeBinding(binding) => {
                live.bindings.insert(binding.into());
            }
            Change::RemoveBinding(binding) => {
                assert!(live.bindings.remove(&binding), "{binding} is not there");
            }
        }
    }
    live
}

/// Something done to a broker behind our back.
#[derive(Clone, Debug)]
enum Deed {
    LoseExchange(String),
    LoseQueue(String),
    LoseBinding(Binding),
    ChangeExchange(String, LiveExchange),
    ChangeQueue(String, LiveQueue),
    AddQueue(String, LiveQueue),
    AddExchange(String),
    AddBinding(LiveBinding),
}

impl Deed {
    fn on(self, live: &mut Live) {
        match self {
            Self::LoseExchange(name) => {
                live.exchanges.remove(&name);
                live.bindings.retain(|there| there.binding.exchange != name);
            }
            Self::LoseQueue(name) => {
                live.queues.remove(&name);
                live.bindings.retain(|there| there.binding.queue != name);
            }
            Self::LoseBinding(binding) => {
                live.bindings.remove(&binding.into());
            }
            Self::ChangeExchange(name, exchange) => {
                live.exchanges.insert(name, exchange);
            }
            Self::ChangeQueue(name, queue) | Self::AddQueue(name, queue) => {
                live.queues.insert(name, queue);
            }
            Self::AddExchange(name) => {
                live.exchanges.insert(name, exchange("fanout"));
            }
            Self::AddBinding(binding) => {
                live.bindings.insert(binding);
            }
        }
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let Topology { exchanges, queues, bindings } = wanted();
    let exchange_name = select(exchanges.into_keys().collect::<Vec<_>>());
    let queue_name = select(queues.into_keys().collect::<Vec<_>>());
    let some_arguments = || {
        let name = select(&["x-queue-type", "x-max-length", "x-message-ttl", "x-odd"][..]);
        let value = prop_oneof![
            any::<bool>().prop_map(Argument::Flag),
            (0_i64..4).prop_map(Argument::Number),
            select(&["quorum", "laws.czo.dlx"][..]).prop_map(|text| Argument::Text(text.into())),
        ];
        proptest::collection::btree_map(name.prop_map(str::to_owned), value, 0..4)
    };
    let some_queue = move || {
        (some_arguments(), any::<[bool; 3]>(), 0_u64..3).prop_map(|(arguments, flags, messages)| {
            let [durable, auto_delete, exclusive] = flags;
            LiveQueue { durable, auto_delete, exclusive, messages, ..queue(arguments) }
        })
    };
    let some_exchange = (select(&["direct", "topic"][..]), any::<[bool; 3]>());
    let some_exchange = some_exchange.prop_map(|(kind, [durable, auto_delete, internal])| {
        LiveExchange { durable, auto_delete, internal, ..exchange(kind) }
    });
    let interim = queue_name.clone().prop_map(|queue| Interim::of(&queue));
    let some_binding = {
        let from = prop_oneof![exchange_name.clone(), Just("foreign".to_owned())];
        let to = prop_oneof![queue_name.clone(), Just("stranger".to_owned())];
        let key = select(&["", "#", "product.item.*", "auth.user.registered"][..]);
        (from, to, key, some_arguments()).prop_map(|(exchange, queue, key, arguments)| {
            LiveBinding { binding: Binding { exchange, queue, key: key.to_owned() }, arguments }
        })
    };
    let strangers = &["stranger", "laws.search.indexing:retry-7", "laws.catalog.cache"][..];
    prop_oneof![
        exchange_name.clone().prop_map(Deed::LoseExchange),
        queue_name.clone().prop_map(Deed::LoseQueue),
        select(bindings.into_iter().collect::<Vec<_>>()).prop_map(Deed::LoseBinding),
        (exchange_name, some_exchange).prop_map(|(name, it)| Deed::ChangeExchange(name, it)),
        (queue_name, some_queue()).prop_map(|(name, it)| Deed::ChangeQueue(name, it)),
        (select(strangers), some_queue()).prop_map(|(name, it)| Deed::AddQueue(name.into(), it)),
        (interim.clone(), some_queue()).prop_map(|(it, queue)| Deed::AddQueue(it.queue, queue)),
        interim.prop_map(|it| Deed::AddExchange(it.back)),
        some_binding.prop_map(Deed::AddBinding),
    ]
}

/// A broker that somebody changed.
fn broker() -> impl Strategy<Value = Live> {
    let there = prop_oneof![Just(Live::default()), Just(broker_with(&wanted()))];
    (there, proptest::collection::vec(deed(), 0..12)).prop_map(|(mut live, deeds)| {
        deeds.into_iter().for_each(|deed| deed.on(&mut live));
        live
    })
}

fn is_there(live: &Live, note: &Note) -> bool {
    match note {
        Note::OtherQueue { queue, .. } => live.queues.contains_key(queue),
        Note::OtherBinding(binding) => live.bindings.contains(binding),
    }
}

#[test]
fn nothing_differs_from_itself() {
    let difference = wanted().difference(&broker_with(&wanted()));
    assert_eq!(difference, Difference::default());
}

proptest! {
    #[test]
    fn once_it_has_happened_nothing_differs(live in broker()) {
        let live = after(live.clone(), &wanted().difference(&live));
        prop_assert_eq!(wanted().difference(&live).changes, vec![]);
    }

    #[test]
    fn what_is_not_of_the_topology_stays(live in broker()) {
        let difference = wanted().difference(&live);
        let live = after(live, &difference);
        prop_assert!(difference.notes.iter().all(|note| is_there(&live, note)));
    }

    #[test]
    fn an_exchange_comes_before_what_is_bound_to_it_and_a_queue_too(live in broker()) {
        let mut so_far = live.clone();
        for change in wanted().difference(&live).changes {
            if let Change::MakeBinding(Binding { exchange, queue, .. }) = &change {
                prop_assert!(so_far.exchanges.contains_key(exchange), "{change}");
                prop_assert!(so_far.queues.contains_key(queue), "{change}");
            }
            so_far = after(so_far, &Difference { changes: vec![change], notes: vec![] });
        }
    }
}
