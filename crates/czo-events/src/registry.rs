//! Who listens to what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use czo_core::{EventType, Group, TopicPattern};

use crate::group_queue::{GroupQueue, Member};

/// For how many types of events the routes are remembered.
const MANY_ROUTES: usize = 1_024;

/// The groups, their members, and whether the bus is open: all that decides whether and to whom
/// an event goes, under one lock.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) closed: bool,
    groups: BTreeMap<Group, Members>,
    /// Forgotten whenever somebody comes or goes.
    routes: HashMap<EventType, Vec<Route>>,
}

#[derive(Debug)]
struct Members {
    queue: Arc<GroupQueue>,
    members: Vec<Arc<Member>>,
}

/// A group that gets a type of event, and those of its members that want it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) queue: Arc<GroupQueue>,
    pub(crate) members: Vec<Arc<Member>>,
}

impl Registry {
    /// Where events of this type go, if it was asked for before.
    pub(crate) fn known_routes(&self, event_type: &EventType) -> Option<&[Route]> {
        self.routes.get(event_type).map(Vec::as_slice)
    }

    /// Where events of this type go.
    pub(crate) fn routes(&mut self, event_type: &EventType) -> &[Route] {
        // Types come from code, yet nothing here forbids made-up ones without end.
        if self.routes.len() >= MANY_ROUTES && !self.routes.contains_key(event_type) {
            self.routes.clear();
        }
        let groups = &self.groups;
        self.routes.entry(event_type.clone()).or_insert_with(|| {
            groups.values().filter_map(|group| group.route(event_type)).collect()
        })
    }

    /// The queues of all groups, in the order of their names.
    pub(crate) fn queues(&self) -> impl ExactSizeIterator<Item = &GroupQueue> {
        self.groups.values().map(|group| &*group.queue)
    }

    /// A new member of `group`.
    pub(crate) fn join(
        &mut self,
        group: Group,
        pattern: TopicPattern,
    ) -> (Arc<GroupQueue>, Arc<Member>) {
        self.routes.clear();
        let member = Arc::new(Member::new(pattern));
        let joined = self.groups.entry(group).or_insert_with_key(|group| Members {
            queue: Arc::new(GroupQueue::new(group.clone())),
            members: Vec::new(),
        });
        joined.members.push(member.clone());
        (joined.queue.clone(), member)
    }

    /// Ends a membership. What waits stays for the other members, as far as they want it.
    pub(crate) fn leave(&mut self, group: &Group, leaver: &Arc<Member>) {
        leaver.stop();
        let Some(left) = self.groups.get_mut(group) else { return };
        let Some(at) = left.members.iter().position(|member| Arc::ptr_eq(member, leaver)) else {
            return;
        };
        left.members.remove(at);
        left.queue.keep_wanted(|event_type| left.wants(event_type));
        if left.members.is_empty() {
            self.groups.remove(group);
        }
        self.routes.clear();
    }

    /// Ends every membership and drops what waits.
    pub(crate) fn clear(&mut self) {
        self.routes.clear();
        for group in std::mem::take(&mut self.groups).into_values() {
            group.members.iter().for_each(|member| member.stop());
            group.queue.clear();
        }
    }
}

impl Drop for Registry {
    /// Nobody can publish any more: what waits is handled, then the tasks end.
    fn drop(&mut self) {
        for group in self.groups.values() {
            group.queue.end();
            group.members.iter().for_each(|member| member.wake());
        }
    }
}

impl Members {
    fn wants(&self, event_type: &EventType) -> bool {
        self.members.iter().any(|member| member.pattern.matches(event_type))
    }

    fn route(&self, event_type: &EventType) -> Option<Route> {
        let willing = self.members.iter().filter(|member| member.pattern.matches(event_type));
        let members: Vec<_> = willing.cloned().collect();
        (!members.is_empty()).then(|| Route { queue: self.queue.clone(), members })
    }
}
