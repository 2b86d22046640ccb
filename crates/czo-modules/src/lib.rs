#![doc = include_str!("../README.md")]

mod activation;
mod active;
mod bindings;
mod call;
mod call_error;
mod configs;
mod endpoint;
mod engine;
mod error;
mod events;
mod generation;
mod hook;
mod host;
mod http;
mod imports;
mod job;
mod kv;
mod link_error;
mod logs;
mod metrics;
mod migration;
mod modules;
mod publish;
mod sandbox;
mod secrets;
mod service;
mod sql;
mod store;
mod subscription;

pub use call::{
    Cause, EndpointRequest, EndpointResponse, HookAnswer, HookCall, JobRun, SavedState, ServiceCall,
};
pub use call_error::{CallError, ModuleFailure, StopReason};
pub use czo_hooks::{OpenHooks, OpenPoint};
pub use endpoint::{EndpointAnswer, EndpointCall, EndpointError};
pub use engine::{
    CodeHash, CodeHashError, CompiledModule, EngineError, EngineOptions, ModuleEngine,
};
pub use error::ModuleError;
pub use events::{ModuleChanged, add_module_events};
pub use generation::Generation;
pub use host::{
    CallScope, ConfigSource, EventOutlet, HostError, HttpRequest, HttpResponse, JobOutlet,
    KeyValue, LogLevel, LogLine, LogSink, ModuleHost, ModuleHttp, ModuleSql, SecretSource,
    ServiceCalls, SqlRows, SqlStatement, SqlValue,
};
pub use http::FetchHttp;
pub use job::{ModuleWork, RunModuleJob, TickModules};
pub use kv::{KeyValueUsage, SqlKeyValue};
pub use link_error::{DeniedImport, LinkError};
pub use migration::{
    AppliedMigration, Direction, MigrationPlan, ModuleMigrationError, ModuleMigrations,
};
pub use modules::{
    Activated, AddOptions, Added, Asset, Consent, DataFate, ErrorBudget, LogFilter, LogRecord,
    ModuleDetails, ModuleSummary, ModuleUsage, Modules, ModulesOptions, ModulesParts,
    QuarantineInfo, RemoveOptions, Removed, RolledBack, Started, UpdateOutcome, VersionInfo,
    Widened,
};
pub use sandbox::{Export, Sandbox, SandboxLimits, SandboxSpec, ShopUsage, Usage, UsageCounts};
pub use secrets::EnvironmentSecrets;
pub use service::{ServerService, ServiceDirectory, ServiceError};
pub use sql::{GuardedSql, SqlRefusal};
pub use store::{
    ArtifactDigest, ArtifactDigestError, ConfigRecord, FileKind, KEPT_VERSIONS, MAX_ARTIFACT,
    ModuleArchive, ModuleFile, ModuleOperationId, ModuleRecord, ModuleStatus, ModuleStore,
    ModuleVersionId, ModuleVersionRecord, NewModuleVersion, OPERATION_LEASE, Operation,
    OperationKind, OperationOutcome, OperationRecord, Revision, StepNumber, StepRecord, StoreError,
};
