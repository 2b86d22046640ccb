//! The topology of the whole system and a live broker.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use czo_eventbus_amqp::{Change, Difference, Live, Topology};
use lapin::uri::AMQPUri;

use super::broker::{Broker, Channel};
use super::hold::feeds;
use super::management::Management;
use super::mover::in_use;
use super::rebuild::{Rebuild, refuse_what_cannot_be_moved};
use super::{Report, Step};

/// How long the broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Long for a message on its way within a broker, not long for a person.
const SETTLED: Duration = Duration::from_millis(250);

/// The topology of the whole system and a live broker.
pub(crate) struct Tool {
    wanted: Topology,
    amqp: AMQPUri,
    management: Management,
    /// How long after a queue was unbound what was on its way to it has come.
    pub(crate) settled: Duration,
    /// How long the broker may take to answer.
    pub(crate) patience: Duration,
}

impl Tool {
    /// For the broker at `amqp`, whose management API is at `management`, or else at its usual
    /// place.
    pub(crate) fn new(wanted: Topology, amqp: &str, management: Option<&str>) -> Result<Self> {
        // What is wrong with it is not repeated: it may hold a password.
        let uri = amqp.parse::<AMQPUri>().ok();
        let mut amqp = uri.context("expected `amqp://<user>:<password>@<host>:<port>/<vhost>`")?;
        if amqp.vhost.is_empty() {
            "/".clone_into(&mut amqp.vhost);
        }
        let management = Management::new(&amqp, management)?;
        Ok(Self { wanted, amqp, management, settled: SETTLED, patience: PATIENCE })
    }

    /// What is on the broker, and what has to happen to it.
    pub(crate) async fn plan(&self) -> Result<(Live, Difference)> {
        let live = self.management.live().await?;
        let difference = self.wanted.difference(&live);
        Ok((live, difference))
    }

    /// Makes it happen. Who begins again after this ended half way does the rest.
    ///
    /// Nothing is changed if there is something that can't be done.
    pub(crate) async fn apply(
        &self,
        live: &Live,
        difference: &Difference,
        report: Report<'_>,
    ) -> Result<()> {
        refuse_other_exchanges(difference)?;
        let broker = Broker::connect(&self.amqp, self.patience).await?;
        let channel = broker.channel().await?;
        let made = match self.make_all(&broker, &channel, live, difference, report).await {
            Ok(()) => channel.close().await,
            failed => failed,
        };
        broker.close().await;
        made
    }

    async fn make_all(
        &self,
        broker: &Broker,
        channel: &Channel,
        live: &Live,
        difference: &Difference,
        report: Report<'_>,
    ) -> Result<()> {
        refuse_queues_in_use(channel, live, difference).await?;
        for change in &difference.changes {
            self.make(broker, channel, live, change, report).await?;
        }
        Ok(())
    }

    async fn make(
        &self,
        broker: &Broker,
        channel: &Channel,
        live: &Live,
        change: &Change,
        report: Report<'_>,
    ) -> Result<()> {
        let rebuild = |queue, arguments| {
            let (wanted, settled) = (&self.wanted, self.settled);
            Rebuild { broker, channel, wanted, live, queue, arguments, settled, report }
        };
        match change {
            Change::MakeExchange { exchange, kind } => {
                channel.declare_exchange(exchange, *kind).await?;
            }
            Change::MakeQueue { queue, arguments } => {
                channel.declare_queue(queue, arguments).await?;
            }
            Change::RebuildQueue { queue, arguments, .. } => {
                rebuild(queue, arguments).all().await?;
            }
            Change::FinishQueue { queue, arguments } => rebuild(queue, arguments).rest().await?,
            Change::MakeBinding(binding) => {
                channel.bind(&binding.queue, &binding.clone().into()).await?;
            }
            Change::RemoveBinding(binding) => {
                channel.unbind(&binding.binding.queue, binding).await?;
            }
            other => bail!("this program is older than the change `{other}`"),
        }
        report(Step::Done(&change.to_string()))
    }
}

fn refuse_other_exchanges(difference: &Difference) -> Result<()> {
    let others = difference.changes.iter().filter_map(|change| match change {
        Change::OtherExchange { exchange, .. } => Some(exchange.as_str()),
        _ => None,
    });
    let others: Vec<_> = others.collect();
    if !others.is_empty() {
        bail!(
            "an exchange can't change its kind, and nothing was changed: stop whoever publishes to \
             {}, delete it (its bindings go with it, the queues and their messages stay), and \
             apply again; or choose another `--prefix`",
            others.join(" and to ")
        );
    }
    Ok(())
}

async fn refuse_queues_in_use(
    channel: &Channel,
    live: &Live,
    difference: &Difference,
) -> Result<()> {
    for change in &difference.changes {
        let Change::RebuildQueue { queue, .. } = change else { continue };
        if let Some(there) = live.queues.get(queue) {
            refuse_what_cannot_be_moved(queue, there)?;
        }
        // Who listens to the queue that this one feeds may put something into this one.
        let fed =
            live.queues.get(queue).and_then(feeds).filter(|fed| live.queues.contains_key(*fed));
        for queue in fed.into_iter().chain([queue.as_str()]) {
            let (_, consumers) = channel.look(queue).await?;
            if consumers > 0 {
                bail!("{}; nothing was changed", in_use(queue, consumers));
            }
        }
    }
    Ok(())
}
