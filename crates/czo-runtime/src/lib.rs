#![doc = include_str!("../README.md")]

mod app_rules;
mod application;
mod apps;
mod asyncapi;
mod builder;
mod bus_health;
mod cache;
pub mod cli;
mod config;
mod data_dir;
mod dead_letters;
mod error;
mod event_bus;
mod jobs;
mod metrics_route;
mod modules;
mod outbox_health;
mod parity;
mod secrets;
mod server_file;
mod shops;
mod shutdown;
mod telemetry;
mod tokens;
mod topology;

pub use application::Application;
pub use apps::Apps;
pub use builder::{Czo, CzoBuilder};
pub use config::{
    AppsConfig, CacheConfig, CacheProvider, Config, ConfigError, DEFAULT_FILE, DatabaseConfig,
    EventBusConfig, EventBusProvider, FetchConfig, GraphqlConfig, JobsConfig, JobsProvider,
    LogConfig, ModulesConfig, OutboxConfig, RabbitMqConfig, RoleConfig, ServerConfig,
    WebhooksConfig,
};
pub use error::RuntimeError;
pub use server_file::RunningServer;
pub use shops::Shops;
pub use telemetry::install_telemetry;
pub use tokens::{AccessToken, AccessTokens};
pub use topology::{EventConsumer, EventTopology};
