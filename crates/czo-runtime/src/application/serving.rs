//! Serving: from the first request to the last event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::{
    DomainEvent, EventBus, EventFactory, HandlerError, JobName, RequestContext, SYSTEM_PRODUCER,
    ShutdownStarted, SubscribeOptions, TopicPattern, handler_fn,
};
use czo_domain::DomainContext;
use czo_http::Server;

use super::Application;
use super::relays::RelayPlan;
use crate::apps;
use crate::cache::tell_the_rest;
use crate::config::JobsProvider;
use crate::jobs::Crew;
use crate::server_file::{RunningServer, ServerFile};
use crate::topology::JOURNAL;
use crate::{RuntimeError, shutdown};

/// What is logged when the end begins.
const STOPPING: &str = "stopping: finishing what is under way; a second signal ends it at once";

/// How much of the time to drain requests and jobs may use, at the same time.
const WORK_SHARE: f64 = 0.8;

/// How much of what is left then the relay may use: events that wait for a further attempt are
/// safe in the outbox.
const RELAY_SHARE: f64 = 0.5;

/// How long a full bus may hold up the announcement of the end.
const ANNOUNCE_PATIENCE: Duration = Duration::from_secs(1);

/// How long the other processes may take to be told what was changed, when Redis was away.
const TELL_PATIENCE: Duration = Duration::from_secs(1);

/// How long closing the database may take at the least.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

impl Application {
    /// Listens, lets the modules serve that are enabled, calls `ready` with the URL, and serves until
    /// SIGTERM or Ctrl-C, with a relay from the outbox to the bus unless `outbox.relay` says no, doing
    /// jobs unless `jobs.worker` does, and sending webhooks unless `webhooks.dispatch` does. Then it
    /// takes no more of any of them, and lets requests and jobs finish and events be handled, for at most `server.drain_seconds`; jobs that were not done wait again, events that
    /// were not handled stay in the outbox. A second signal ends it at once.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Listen`] when the address can't be had. What was not finished at the end
    /// is logged, and is no error.
    pub async fn serve(self, ready: impl FnOnce(&str)) -> Result<(), RuntimeError> {
        let other = RunningServer::alive(&self.config).await;
        let address = self.config.server.listen;
        let server = Server::bind(address, self.router)
            .await
            .map_err(|source| RuntimeError::Listen { address, source })?;
        let address =
            server.local_addr().map_err(|source| RuntimeError::Listen { address, source })?;
        let url = format!("http://{address}");
        let context = self.context.clone();
        let ending = ShutdownStarted {
            domains: self.domains.iter().map(ToString::to_string).collect(),
            drain_seconds: self.config.server.drain_seconds,
        };
        self.apps.know_events().await?;
        apps::warn_of_api_url(&self.config);
        let signals = shutdown::Signals::install();
        let _file = match other {
            Some(other) => {
                tracing::warn!(
                    other = other.url(),
                    "another server runs on this data folder: commands go through that one, and \
                     once it has ended open the database themselves; `data_dir` gives this one a \
                     folder of its own"
                );
                None
            }
            None => Some(ServerFile::write(&self.config, &url, &self.instance)?),
        };
        keep_journal(&*self.bus).await?;
        let modules = self.modules.modules.clone();
        Box::pin(modules.start()).await;
        // Whoever listens does so by now.
        let relays = self.config.outbox.relay.then(|| {
            let plan = RelayPlan {
                outbox: self.outbox.clone(),
                bus: self.bus.clone(),
                options: self.config.outbox.relay_options(),
                health: self.outbox_health.clone(),
                kept: self.kept.clone(),
                mirror_health: self.mirror_health.clone(),
            };
            plan.start()
        });
        let drain = Duration::from_secs(self.config.server.drain_seconds);
        // Something is kept for the events that the last requests and jobs cause.
        let for_work = drain.mul_f64(WORK_SHARE);
        let crew = self.config.jobs.worker.then(|| {
            self.jobs_health.has_worker();
            Crew::start(&self.jobs, &self.tasks, &self.config.jobs, for_work)
        });
        let dispatcher = self.config.webhooks.dispatch.then(|| {
            let dispatcher = self.apps.dispatch();
            self.webhooks_health.is_of(dispatcher.health());
            dispatcher
        });
        ready(&url);

        let mut stopped_at = None;
        let stop = async {
            let signal = signals.first().await;
            tracing::info!(signal, "{STOPPING}");
            stopped_at = Some(Instant::now());
            if let Some(crew) = &crew {
                crew.stop();
            }
            if let Some(dispatcher) = &dispatcher {
                dispatcher.stop();
            }
            announce(&*self.bus, &context, &ending).await;
        };
        if !server.run(stop, for_work).await {
            tracing::warn!("requests were cut off after {:.1} seconds", for_work.as_secs_f64());
        }
        let left =
            || drain.saturating_sub(stopped_at.map_or(Duration::ZERO, |at: Instant| at.elapsed()));
        if let Some(crew) = crew {
            crew.ended(left()).await;
        }
        if let Some(dispatcher) = dispatcher
            && !dispatcher.drain(left().mul_f64(RELAY_SHARE)).await
        {
            tracing::info!("deliveries are left to other servers and the next start");
        }
        if let Some(relays) = relays
            && !relays.drain(left().mul_f64(RELAY_SHARE)).await
        {
            tracing::info!("events are left to other relays and the next start");
        }
        // After the relays: what these still had for modules is handled.
        modules.stop(left().mul_f64(RELAY_SHARE)).await;
        shut_down(&*self.bus, &self.context, left()).await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Does jobs and looks after schedules, without HTTP and without a relay, until SIGTERM or
    /// Ctrl-C; only the jobs of these names, all where there are none. It calls `ready` when it
    /// begins, with the jobs and the schedules. At the end it takes no more, and lets what runs
    /// finish, for at most four fifths of `server.drain_seconds`; the rest waits again. A second
    /// signal ends it at once.
    ///
    /// The events that jobs publish are in the outbox, for the relay of a server.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownJob`], and [`RuntimeError::JobsInMemory`] where other processes have
    /// the jobs to themselves.
    pub async fn work(
        self,
        names: &[String],
        ready: impl FnOnce(&[JobName], &[JobName]),
    ) -> Result<(), RuntimeError> {
        if self.config.jobs.provider == JobsProvider::Memory {
            return Err(RuntimeError::JobsInMemory);
        }
        let tasks = self.tasks.only(names)?;
        let signals = shutdown::Signals::install();
        let drain = Duration::from_secs(self.config.server.drain_seconds);
        let share = drain.mul_f64(WORK_SHARE);
        let modules = self.modules.modules.clone();
        Box::pin(modules.start()).await;
        let crew = Crew::start(&self.jobs, &tasks, &self.config.jobs, share);
        ready(&tasks.names().cloned().collect::<Vec<_>>(), tasks.scheduled());
        let signal = signals.first().await;
        tracing::info!(signal, "{STOPPING}");
        let stopped_at = Instant::now();
        crew.ended(drain).await;
        let left = drain.saturating_sub(stopped_at.elapsed());
        modules.stop(left).await;
        shut_down(&*self.bus, &self.context, left).await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Ends an application that was not served: waits until the events on its bus are handled, for
    /// at most `deadline`, and closes the database. What was not finished is logged. What domains
    /// have published stays in the outbox, for the relay of a server.
    pub async fn shutdown(self, deadline: Duration) {
        self.modules.modules.stop(deadline.max(CLOSE_PATIENCE)).await;
        shut_down(&*self.bus, &self.context, deadline).await;
    }
}

/// Writes every event into the log, which shows that it went through the bus.
async fn keep_journal(bus: &dyn EventBus) -> Result<(), RuntimeError> {
    let write = handler_fn(|event: Arc<DomainEvent>| async move {
        tracing::info!(
            event.r#type = event.event_type.as_str(),
            event.id = %event.id,
            source = event.source,
            correlation_id = event.correlation_id.as_str(),
            "event"
        );
        Ok::<_, HandlerError>(())
    });
    let group = JOURNAL.parse().expect("a constant of the right form");
    bus.subscribe(TopicPattern::all(), group, Arc::new(write), SubscribeOptions::default())
        .await?
        .detach();
    Ok(())
}

/// Tells whoever listens that this process ends. That nobody could be told keeps it from nothing.
async fn announce(bus: &dyn EventBus, context: &DomainContext, ending: &ShutdownStarted) {
    let (clock, ids) = (context.clock.clone(), context.ids.clone());
    let ctx = RequestContext::system(&*ids);
    let event = EventFactory::new(SYSTEM_PRODUCER, clock, ids).event(&ctx, ending);
    let event = event.expect("texts and numbers have a JSON form");
    match tokio::time::timeout(ANNOUNCE_PATIENCE, bus.publish(event)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the shutdown was not announced"),
        Err(_) => tracing::warn!("the shutdown was not announced in time"),
    }
}

async fn shut_down(bus: &dyn EventBus, context: &DomainContext, deadline: Duration) {
    let until = Instant::now() + deadline;
    if let Err(error) = bus.shutdown(deadline).await {
        tracing::warn!(%error, "the event bus was not drained");
    }
    // A connection that is in use is waited for, but not for ever.
    let rest = until.saturating_duration_since(Instant::now()).max(CLOSE_PATIENCE);
    match tokio::time::timeout(rest, context.database.clone().close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the database was not closed"),
        Err(_) => tracing::warn!("the database was still in use"),
    }
    // Last: the commit of a request that was given up at the end has been waited for now.
    tell_the_rest(&context.cache, TELL_PATIENCE).await;
}
