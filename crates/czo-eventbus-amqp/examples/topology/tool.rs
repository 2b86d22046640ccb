//! The topology of the whole system and a live broker.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use czo_eventbus_amqp::{Change, Difference, Live, Topology};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

use super::declare::{bind, declare_exchange, declare_queue, unbind};
use super::hold::feeds;
use super::management::Management;
use super::mover::{in_use, look};
use super::rebuild::{Rebuild, refuse_what_cannot_be_moved};
use super::{Report, Step};

/// Long for a message on its way within a broker, not long for a person.
const SETTLED: Duration = Duration::from_millis(250);

/// The topology of the whole system and a live broker.
pub(crate) struct Tool {
    wanted: Topology,
    amqp: AMQPUri,
    management: Management,
    /// How long after a queue was unbound what was on its way to it has come.
    pub(crate) settled: Duration,
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
        Ok(Self { wanted, amqp, management, settled: SETTLED })
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
        let properties =
            ConnectionProperties::default().with_connection_name("czo topology".into());
        let connection = Connection::connect_uri(self.amqp.clone(), properties).await;
        let connection = connection.with_context(|| {
            let at = &self.amqp.authority;
            format!("cannot connect to RabbitMQ at {}:{}", at.host, at.port)
        })?;
        let channel = connection.create_channel().await?;
        refuse_queues_in_use(&channel, live, difference).await?;
        for change in &difference.changes {
            self.make(&connection, &channel, live, change, report).await?;
        }
        // All that was asked for is confirmed. The client minds channels that are closing already.
        let _ = connection.close(200, "".into()).await;
        Ok(())
    }

    async fn make(
        &self,
        connection: &Connection,
        channel: &Channel,
        live: &Live,
        change: &Change,
        report: Report<'_>,
    ) -> Result<()> {
        let rebuild = |queue, arguments| {
            let (wanted, settled) = (&self.wanted, self.settled);
            Rebuild { connection, wanted, live, queue, arguments, settled, report }
        };
        match change {
            Change::MakeExchange { exchange, kind } => {
                declare_exchange(channel, exchange, *kind).await?;
            }
            Change::MakeQueue { queue, arguments } => {
                declare_queue(channel, queue, arguments).await?;
            }
            Change::RebuildQueue { queue, arguments, .. } => {
                rebuild(queue, arguments).all().await?;
            }
            Change::FinishQueue { queue, arguments } => rebuild(queue, arguments).rest().await?,
            Change::MakeBinding(binding) => {
                bind(channel, &binding.queue, &binding.clone().into()).await?;
            }
            Change::RemoveBinding(binding) => {
                unbind(channel, &binding.binding.queue, binding).await?;
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
            let (_, consumers) = look(channel, queue).await?;
            if consumers > 0 {
                bail!("{}; nothing was changed", in_use(queue, consumers));
            }
        }
    }
    Ok(())
}
