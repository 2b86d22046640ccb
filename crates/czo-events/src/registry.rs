//! Who listens to what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use czo_core::{BusError, EventType, Group, SubscribeOptions, TopicPattern, TopicTrie};
use metrics::Counter;

use crate::group_queue::GroupQueue;
use crate::member::Member;

/// For how many types of events the routes are remembered.
const MANY_ROUTES: usize = 1_024;

/// The groups, their members, and whether the bus is open: all that decides whether and to whom
/// an event goes, under one lock.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) closed: bool,
    groups: BTreeMap<Group, Arc<GroupQueue>>,
    listeners: TopicTrie<Listener>,
    /// Forgotten whenever somebody comes or goes.
    routes: HashMap<EventType, Routes>,
}

/// A member, and the queue of its group.
#[derive(Clone, Debug)]
struct Listener {
    queue: Arc<GroupQueue>,
    member: Arc<Member>,
}

/// Where a type of event goes.
pub(crate) struct Routes {
    pub(crate) published: Counter,
    /// In the order of the groups' names.
    pub(crate) routes: Vec<Route>,
}

impl Routes {
    /// Those to everyone, or to one group if it gets this type.
    pub(crate) fn to(&self, only: Option<&Group>) -> &[Route] {
        let Some(group) = only else { return &self.routes };
        let place = self.routes.binary_search_by(|route| route.queue.group().cmp(group));
        place.map_or(&[], |place| std::slice::from_ref(&self.routes[place]))
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// A group that gets a type of event, and those of its members that want it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) queue: Arc<GroupQueue>,
    pub(crate) members: Vec<Arc<Member>>,
    /// The options that have an ordering key, if any have.
    pub(crate) ordered: Option<SubscribeOptions>,
}

impl Registry {
    /// Whether events are taken, for everyone or for one group.
    pub(crate) fn admits(&self, only: Option<&Group>) -> Result<(), BusError> {
        if self.closed {
            return Err(BusError::Closed);
        }
        match only.filter(|group| !self.groups.contains_key(group)) {
            Some(group) => Err(BusError::UnknownGroup { group: group.clone() }),
            None => Ok(()),
        }
    }

    /// Where events of this type go, if it was asked for before.
    pub(crate) fn known_routes(&self, event_type: &EventType) -> Option<&Routes> {
        self.routes.get(event_type)
    }

    /// Where events of this type go.
    pub(crate) fn routes(&mut self, event_type: &EventType) -> &Routes {
        // Types come from code, yet nothing here forbids made-up ones without end.
        if self.routes.len() >= MANY_ROUTES && !self.routes.contains_key(event_type) {
            self.routes.clear();
        }
        let listeners = &self.listeners;
        self.routes.entry(event_type.clone()).or_insert_with(|| {
            let mut groups = BTreeMap::<&Group, Route>::new();
            for Listener { queue, member } in listeners.matching(event_type) {
                let route = groups.entry(queue.group()).or_insert_with(|| Route {
                    queue: queue.clone(),
                    members: Vec::new(),
                    ordered: None,
                });
                if route.ordered.is_none() && member.options.ordered_by.is_some() {
                    route.ordered = Some(member.options.clone());
                }
                route.members.push(member.clone());
            }
            let label = event_type.to_string();
            Routes {
                published: metrics::counter!("czo_eventbus_publish_total", "type" => label),
                routes: groups.into_values().collect(),
            }
        })
    }

    /// The queues of all groups, in the order of their names.
    pub(crate) fn queues(&self) -> impl ExactSizeIterator<Item = &Arc<GroupQueue>> {
        self.groups.values()
    }

    pub(crate) fn queue(&self, group: &Group) -> Option<&Arc<GroupQueue>> {
        self.groups.get(group)
    }

    /// A new member of `group`.
    pub(crate) fn join(
        &mut self,
        group: Group,
        pattern: TopicPattern,
        options: SubscribeOptions,
    ) -> (Arc<GroupQueue>, Arc<Member>) {
        self.routes.clear();
        let queue = self
            .groups
            .entry(group)
            .or_insert_with_key(|group| Arc::new(GroupQueue::new(group.clone())))
            .clone();
        let member = Arc::new(Member::new(pattern, options));
        let listener = Listener { queue: queue.clone(), member: member.clone() };
        self.listeners.insert(&member.pattern, listener);
        queue.join(member.clone());
        (queue, member)
    }

    /// Ends a membership. What waits stays for the other members, as far as they want it.
    pub(crate) fn leave(&mut self, group: &Group, leaver: &Arc<Member>) {
        let of_leaver = |listener: &Listener| Arc::ptr_eq(&listener.member, leaver);
        if self.listeners.remove(&leaver.pattern, of_leaver) == 0 {
            return;
        }
        self.routes.clear();
        if self.groups.get(group).is_some_and(|queue| !queue.leave(leaver)) {
            self.groups.remove(group);
        }
    }

    /// Ends every membership and drops what waits.
    pub(crate) fn clear(&mut self) {
        self.routes.clear();
        self.listeners = TopicTrie::new();
        for queue in std::mem::take(&mut self.groups).into_values() {
            queue.clear();
        }
    }
}

impl Drop for Registry {
    /// Nobody can publish any more: what waits is handled, then the tasks end.
    fn drop(&mut self) {
        self.groups.values().for_each(|queue| queue.end());
    }
}
