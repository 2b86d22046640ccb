//! A group of subscribers, as this process sees it.

mod consumer;
mod desk;
mod failure;
mod item;
mod lanes;
mod member;
mod receipts;
mod recent;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use czo_core::{BusError, EventHandler, Group, SubscribeOptions, TopicPattern};
use tokio::runtime::Handle;
use tokio::sync::watch;

use self::consumer::Consumer;
use self::desk::Desk;
use self::failure::Undertaker;
use self::member::Member;
use self::worker::Worker;
use crate::link::Link;
use crate::publisher::Publisher;
use crate::{AmqpOptions, GroupWish};

/// How many events an ordered group has at hand, so that others go on while one of a key waits.
const ORDERED_PREFETCH: usize = 1_000;

/// A group of subscribers, as this process sees it: its members, what it has at hand, and the
/// consumer that brings it.
#[derive(Debug)]
pub(crate) struct GroupHub {
    group: Group,
    desk: Arc<Desk>,
    undertaker: Arc<Undertaker>,
    /// What is to be on the broker, and what is.
    wish: Arc<Wish>,
    /// Where it was started: subscriptions may end anywhere.
    runtime: Handle,
}

/// What a group wants of the broker, and what it has.
#[derive(Debug)]
pub(crate) struct Wish {
    wanted: watch::Sender<Wanted>,
    served: watch::Sender<Served>,
}

/// What a group wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) topology: GroupWish,
    pub(crate) prefetch: u16,
    /// Whether anybody listens.
    pub(crate) is_served: bool,
    /// Grows with each change.
    pub(crate) version: u64,
    /// Nothing more is taken.
    pub(crate) is_over: bool,
}

/// What the broker has of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    /// The version that is declared, and listened to.
    pub(crate) version: u64,
    /// Which version can't be had, and why.
    pub(crate) conflict: Option<(u64, String)>,
    /// Why it is not at the moment.
    pub(crate) trouble: Option<String>,
    /// The task has ended.
    pub(crate) is_over: bool,
}

impl GroupHub {
    /// A group without members, of the tokio runtime of the caller.
    pub(crate) fn start(
        options: &AmqpOptions,
        group: Group,
        link: &Link,
        publisher: &Arc<Publisher>,
    ) -> Self {
        let mut topology = GroupWish::new(group.clone(), []);
        topology.kind = options.queue_kind;
        topology.retries.clear();
        topology.idle_life = options.idle_life;
        let desk = Arc::new(Desk::default());
        let undertaker = Arc::new(Undertaker::new(options, &topology, link, publisher));
        let wanted = Wanted { topology, prefetch: 0, is_served: false, version: 0, is_over: false };
        let wish = Arc::new(Wish {
            wanted: watch::Sender::new(wanted),
            served: watch::Sender::new(Served::default()),
        });
        let consumer = Consumer::new(options, link, &wish, &desk, &undertaker);
        let runtime = Handle::current();
        runtime.spawn(consumer.keep());
        Self { group, desk, undertaker, wish, runtime }
    }

    /// Adds a subscription, and returns it with the version of the wish that includes it.
    pub(crate) fn join(
        &self,
        prefetch: u16,
        pattern: TopicPattern,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<(Arc<Member>, u64), BusError> {
        let member = Arc::new(Member::new(pattern.clone(), options));
        let (mut version, mut refused) = (0, None);
        // Nothing in here may look at what is wanted: it is locked, and so nobody joins or leaves
        // meanwhile.
        self.wish.wanted.send_modify(|wanted| {
            let topology = &mut wanted.topology;
            if !self.desk.has_members() {
                // Whatever it was before, it begins anew.
                topology.is_ordered = member.options.ordered_by.is_some();
                topology.is_temporary = member.options.temporary;
                topology.patterns.clear();
                topology.retries.clear();
                wanted.prefetch = prefetch;
            }
            refused = mixture(topology, &member.options);
            if refused.is_some() {
                return;
            }
            self.desk.join(member.clone());
            if !topology.patterns.contains(&pattern) {
                topology.patterns.push(pattern);
            }
            topology.retries.extend(member.options.retry.delays());
            wanted.prefetch = wanted.prefetch.max(self.prefetch(topology.is_ordered));
            wanted.is_served = true;
            wanted.version += 1;
            version = wanted.version;
            self.undertaker.wants(&wanted.topology);
        });
        if let Some(reason) = refused {
            return Err(BusError::Conflict {
                group: self.group.clone(),
                reason: reason.to_owned(),
            });
        }
        let (desk, undertaker) = (self.desk.clone(), self.undertaker.clone());
        let worker = Worker { desk, undertaker, member: member.clone(), handler };
        tokio::spawn(worker.work_off());
        Ok((member, version))
    }

    fn prefetch(&self, is_ordered: bool) -> u16 {
        let handlers = self.desk.handlers();
        let enough = if is_ordered { handlers.max(ORDERED_PREFETCH) } else { handlers };
        u16::try_from(enough).unwrap_or(u16::MAX)
    }

    /// Ends a subscription. What it has begun is finished; the rest is for the others, or stays
    /// with the broker.
    pub(crate) fn leave(&self, member: &Arc<Member>) {
        let mut unwanted = Vec::new();
        self.wish.wanted.send_modify(|wanted| {
            unwanted = self.desk.leave(member);
            wanted.is_served = self.desk.has_members();
            wanted.version += 1;
        });
        for item in unwanted {
            let (desk, undertaker) = (self.desk.clone(), self.undertaker.clone());
            self.runtime.spawn(async move { undertaker.unwanted(&desk, item).await });
        }
    }

    /// Waits until the broker has this version of the wish, or says that it can't be had. Where
    /// there is no connection, or something else is wrong that may pass, it does not wait.
    pub(crate) async fn is_served(&self, version: u64) -> Result<(), BusError> {
        let mut served = self.wish.served.subscribe();
        let known = served.wait_for(|served| {
            let is_refused = served.conflict.as_ref().is_some_and(|(of, _)| *of >= version);
            served.version >= version || is_refused || served.trouble.is_some() || served.is_over
        });
        let Ok(known) = known.await else { return Err(BusError::Closed) };
        match &known.conflict {
            Some((of, reason)) if *of >= version => {
                Err(BusError::Conflict { group: self.group.clone(), reason: reason.clone() })
            }
            _ if known.is_over => Err(BusError::Closed),
            _ => Ok(()),
        }
    }

    /// Takes nothing more; handlers finish what they have begun, and the rest goes back.
    pub(crate) fn end(&self) {
        self.desk.end();
        self.wish.wanted.send_modify(|wanted| {
            wanted.is_over = true;
            wanted.version += 1;
        });
    }

    /// Returns once nothing of it is under way after its [end](Self::end).
    pub(crate) async fn has_ended(&self) {
        let mut served = self.wish.served.subscribe();
        let _ = served.wait_for(|served| served.is_over).await;
    }

    /// How many events its handlers have.
    pub(crate) fn under_way(&self) -> usize {
        self.desk.under_way()
    }

    /// What is wrong with it, if something is.
    pub(crate) fn trouble(&self) -> Option<String> {
        let served = self.wish.served.borrow();
        let trouble = served.conflict.as_ref().map(|(_, reason)| reason);
        let trouble = trouble.or(served.trouble.as_ref())?;
        Some(format!("group `{}`: {trouble}", self.group))
    }

    /// What it needs on the broker, while somebody listens.
    pub(crate) fn topology(&self) -> Option<GroupWish> {
        let wanted = self.wish.wanted.borrow();
        wanted.is_served.then(|| wanted.topology.clone())
    }
}

impl Drop for GroupHub {
    fn drop(&mut self) {
        self.end();
    }
}

/// What one queue can't be for two subscriptions at once.
fn mixture(topology: &GroupWish, options: &SubscribeOptions) -> Option<&'static str> {
    if options.ordered_by.is_some() && !topology.is_ordered {
        return Some(
            "another of its subscriptions keeps no order, so events go to several processes at \
             once; let all of them say `ordered_by`, or give this one a group of its own",
        );
    }
    (options.temporary != topology.is_temporary).then_some(
        "one of its subscriptions is temporary and another is not; give them groups of their own",
    )
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
