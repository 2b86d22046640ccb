#![doc = include_str!("../README.md")]

// The derives name this crate.
extern crate self as czo_core;

mod actor;
mod clock;
mod context;
mod error;
mod event;
mod event_bus;
mod health;
mod id;
mod id_generator;
mod job;
mod money;
mod permission;
mod question;
mod server_service;
mod shop;
mod text;

pub use actor::{Actor, ActorType};
pub use clock::{Clock, ManualClock, SystemClock};
pub use context::{CorrelationId, CorrelationIdError, NoShop, RequestContext};
pub use czo_macros::Event;
pub use error::{Classified, ErrorKind, FieldError, FieldErrorCode, describe};
pub use event::{
    CatalogueError, ConfigUpdated, DomainEvent, Event, EventCatalogue, EventDescriptor, EventError,
    EventFactory, EventMetadata, EventType, EventTypeError, EventVersion, LegacyNameError,
    MaintenanceStarted, SYSTEM_PRODUCER, ShutdownStarted, TopicPattern, TopicPatternError,
    TopicTrie,
};
pub use event_bus::{
    Audience, BusError, DeadContent, DeadLetter, DeadLetterFilter, DeadLetters, EventBus,
    EventBusExt, EventHandler, Failure, Group, GroupError, HandlerError, RetryPolicy, Settlement,
    SubscribeOptions, Subscription, UnreadableMessage, handler_fn, typed_handler,
};
pub use health::{Health, HealthCheck, HealthStatus};
pub use id::{ActorId, EventId, IdError, JobId, ShopId, TokenId, TypedId};
pub use id_generator::{IdGenerator, SequentialIds, SystemIds};
pub use job::{
    Claim, ClaimRequest, Enqueued, Finished, Job, JobAdmin, JobContext, JobControl, JobCount,
    JobError, JobFilter, JobHandler, JobName, JobNameError, JobQueue, JobQueueExt, JobRecord,
    JobSlots, JobSource, JobState, LastSlot, NewJob, Outcome, Priority, Progress, Renewal,
    Standing, Ticket, job_fn,
};
pub use money::{Currency, Money, MoneyError};
pub use permission::{
    Grant, GrantError, Permission, PermissionError, PermissionService, PermissionServiceExt,
    PermissionTextError, StaticRoles,
};
pub use question::{Answer, AskApps, AskAppsExt, AskError, JsonQuestion, NoApps, Question};
pub use server_service::{ServerService, ServiceDirectory, ServiceError};
pub use shop::{Shop, ShopDirectory, ShopDirectoryError};

/// What the macros of this crate write. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use schemars::{JsonSchema, Schema, SchemaGenerator};
    #[cfg(feature = "sea-orm")]
    pub use sea_orm;
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
    pub use serde_json::{Error as JsonError, Value};
    pub use uuid::Uuid;

    pub use crate::event::is_same_type;
    pub use crate::id::{format as format_id, parse as parse_id};
    pub use crate::text::{deserialize as deserialize_text, schema as text_schema};
}
