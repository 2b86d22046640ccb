//! What a domain hands in.

use std::fmt;
use std::sync::Arc;

use czo_core::{
    Classified, DomainEvent, Event, EventHandler, Group, HandlerError, HealthCheck, Job,
    JobHandler, JobName, NewJob, ServerService, SubscribeOptions, TopicPattern, typed_handler,
};
use czo_graphql::Subgraph;
use czo_hooks::{HookPoint, OpenPoint};
use czo_http::aide::axum::ApiRouter;
use czo_outbox::{Inbox, once_fn};
use czo_repo::UnitOfWork;
use futures_util::future::{BoxFuture, ready};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{DomainError, PendingJob, PendingSchedule};

/// What a domain hands in while it registers.
#[derive(Default)]
pub struct Registration {
    parts: Parts,
}

/// Everything that was handed in. For the runtime.
#[derive(Default)]
pub struct Parts {
    /// The GraphQL schema.
    pub subgraph: Option<Subgraph>,
    /// REST routes.
    pub routes: ApiRouter,
    /// REST routes for uploads and downloads.
    pub bulk_routes: ApiRouter,
    /// Subscriptions to start once every domain is registered.
    pub subscriptions: Vec<PendingSubscription>,
    /// Handlers of jobs, for the workers.
    pub jobs: Vec<PendingJob>,
    /// Schedules to look after.
    pub schedules: Vec<PendingSchedule>,
    /// The points of its operations where modules may take part.
    pub open_hooks: Vec<OpenPoint>,
    /// What modules may call, by name.
    pub services: Vec<(String, Arc<dyn ServerService>)>,
    /// Components for the health report.
    pub checks: Vec<Arc<dyn HealthCheck>>,
}

/// A subscription that has not been started.
#[derive(Clone)]
pub struct PendingSubscription {
    /// Which events it wants.
    pub pattern: TopicPattern,
    /// Its group.
    pub group: Group,
    /// What runs for them.
    pub handler: Arc<dyn EventHandler>,
    /// How it is served.
    pub options: SubscribeOptions,
}

impl Registration {
    /// Hands in the domain's GraphQL schema.
    pub fn subgraph(&mut self, subgraph: Subgraph) -> &mut Self {
        self.parts.subgraph = Some(subgraph);
        self
    }

    /// Hands in REST routes; their paths start with `/api/<domain>/`.
    pub fn routes(&mut self, routes: ApiRouter) -> &mut Self {
        self.parts.routes = std::mem::take(&mut self.parts.routes).merge(routes);
        self
    }

    /// Hands in REST routes for uploads and downloads, which may be long and large.
    pub fn bulk_routes(&mut self, routes: ApiRouter) -> &mut Self {
        self.parts.bulk_routes = std::mem::take(&mut self.parts.bulk_routes).merge(routes);
        self
    }

    /// Runs `handler` with the payload of every `E`. The group is by custom `<domain>.<purpose>`.
    /// See [`typed_handler`] for versions and shapes.
    ///
    /// # Errors
    ///
    /// When the group is malformed.
    pub fn on<E, H, F>(
        &mut self,
        group: &str,
        options: SubscribeOptions,
        handler: H,
    ) -> Result<&mut Self, DomainError>
    where
        E: Event,
        H: Fn(E, Arc<DomainEvent>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.subscribe(E::TYPE.as_str(), group, typed_handler(handler), options)
    }

    /// Runs `handler` with the payload of every `E`, in a unit of work that is committed together
    /// with the note in `inbox` that the group has handled the event: what it writes there happens
    /// once, however often the event arrives. The group is by custom `<domain>.<purpose>`.
    ///
    /// ```
    /// # use czo_core::{HandlerError, SubscribeOptions};
    /// # use czo_domain::{DomainContext, DomainError, Registration};
    /// # use czo_repo::DatabaseError;
    /// # use sea_orm::ConnectionTrait;
    /// # #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, czo_core::Event)]
    /// # #[event("review.item.created", version = 1)]
    /// # struct ReviewCreated { stars: u8 }
    /// # fn register(context: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
    /// let options = SubscribeOptions::default();
    /// domain.on_once(&context.inbox, "reviews.total", options, |review: ReviewCreated, _event, tx| {
    ///     Box::pin(async move {
    ///         let add = format!("UPDATE total SET stars = stars + {}", review.stars);
    ///         tx.execute_unprepared(&add).await.map_err(DatabaseError::from)?;
    ///         Ok(())
    ///     })
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// **Limits.** Those of the [`Inbox`]: it remembers for a while, and what the handler does
    /// elsewhere than in its unit of work may happen several times. See
    /// [`DomainEvent::decode`] for versions and shapes.
    ///
    /// # Errors
    ///
    /// When the group is malformed.
    pub fn on_once<E, H>(
        &mut self,
        inbox: &Inbox,
        group: &str,
        options: SubscribeOptions,
        handler: H,
    ) -> Result<&mut Self, DomainError>
    where
        E: Event,
        H: for<'a> Fn(
                E,
                &'a DomainEvent,
                &'a UnitOfWork,
            ) -> BoxFuture<'a, Result<(), HandlerError>>
            + Send
            + Sync
            + 'static,
    {
        let handler = once_fn(move |event, tx| match event.decode::<E>() {
            Ok(payload) => handler(payload, event, tx),
            Err(error) => Box::pin(ready(Err(error.into()))),
        });
        let once = inbox.handler(group.parse()?, handler);
        self.subscribe(E::TYPE.as_str(), group, once, options)
    }

    /// Runs `handler` for every event that matches `pattern`. The group is by custom
    /// `<domain>.<purpose>`.
    ///
    /// # Errors
    ///
    /// When the pattern or the group is malformed.
    pub fn subscribe(
        &mut self,
        pattern: &str,
        group: &str,
        handler: impl EventHandler + 'static,
        options: SubscribeOptions,
    ) -> Result<&mut Self, DomainError> {
        self.parts.subscriptions.push(PendingSubscription {
            pattern: pattern.parse()?,
            group: group.parse()?,
            handler: Arc::new(handler),
            options,
        });
        Ok(self)
    }

    /// Runs the jobs `J` by `handler`, a [`JobHandler`] or a [function](czo_core::job_fn). The name
    /// of a job starts by custom with that of the domain.
    ///
    /// **Delivery.** At least once, in one of the processes of the program that have the domain
    /// and run jobs. Two handlers for one name are refused at boot.
    ///
    /// ```
    /// # use czo_core::{Job, JobName, JobQueueExt, NewJob, RequestContext, job_fn};
    /// # use czo_domain::{DomainContext, DomainError, Registration};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Remind {
    ///     customer: String,
    /// }
    ///
    /// impl Job for Remind {
    ///     const NAME: JobName = JobName::from_static("reviews.remind");
    /// }
    ///
    /// # fn register(_: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
    /// domain.job(job_fn(|job: Remind, ctx| async move {
    ///     println!("{}, how was it?", job.customer);
    ///     ctx.progress(1, 1);
    ///     Ok(())
    /// }));
    /// # Ok(())
    /// # }
    /// # async fn ask(context: &DomainContext, ctx: &RequestContext) -> Result<(), czo_core::JobError> {
    /// let remind = Remind { customer: "Anna".to_owned() };
    /// let id = context.jobs.run_later(&remind, ctx).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn job<J: Job, H: JobHandler<J>>(&mut self, handler: H) -> &mut Self {
        self.parts.jobs.push(PendingJob::new(handler));
        self
    }

    /// Enqueues `job` whenever `pattern` says: `minute hour day month weekday` in UTC, with seconds
    /// in front where wanted. `name`, `<domain>.<what>`, is what the schedule is remembered by; it
    /// is that of no other one.
    ///
    /// Each time is enqueued once, however many processes there are; of those that were missed
    /// while no process ran, the last is made up for. A pattern that is none is refused at boot.
    pub fn schedule(
        &mut self,
        name: JobName,
        pattern: impl Into<String>,
        job: NewJob,
    ) -> &mut Self {
        let pattern = pattern.into();
        self.parts.schedules.push(PendingSchedule { name, pattern, job });
        self
    }

    /// Lets modules take part in an operation of the domain, by hooks at the point `P`. They see
    /// and change what goes through it as JSON, so its types become a part of the API.
    ///
    /// ```
    /// # use czo_domain::Registration;
    /// # use czo_hooks::{HookError, HookPoint};
    /// struct OrderPlace;
    ///
    /// impl HookPoint for OrderPlace {
    ///     const NAME: &'static str = "order.place";
    ///     type Input = Vec<String>;
    ///     type Output = u64;
    ///     type Error = HookError;
    /// }
    ///
    /// # fn register(domain: &mut Registration) {
    /// domain.open_hook::<OrderPlace>();
    /// # }
    /// ```
    pub fn open_hook<P>(&mut self) -> &mut Self
    where
        P: HookPoint,
        P::Input: Serialize + DeserializeOwned + Clone + Sync,
        P::Output: Serialize + DeserializeOwned + Clone + Sync,
        P::Error: Classified,
    {
        self.parts.open_hooks.push(OpenPoint::of::<P>());
        self
    }

    /// Lets modules that are granted it call `service` as `name`: `[a-z][a-z0-9-]*`, by custom that
    /// of the domain. Two of one name are refused at boot.
    pub fn service(
        &mut self,
        name: impl Into<String>,
        service: impl ServerService + 'static,
    ) -> &mut Self {
        self.parts.services.push((name.into(), Arc::new(service)));
        self
    }

    /// Adds a component to the health report.
    pub fn health(&mut self, check: impl HealthCheck + 'static) -> &mut Self {
        self.parts.checks.push(Arc::new(check));
        self
    }

    /// Everything that was handed in. For the runtime.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        self.parts
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.parts, f)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("subgraph", &self.subgraph)
            .field("subscriptions", &self.subscriptions)
            .field("jobs", &self.jobs)
            .field("schedules", &self.schedules)
            .field("open_hooks", &self.open_hooks)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSubscription")
            .field("pattern", &self.pattern)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
