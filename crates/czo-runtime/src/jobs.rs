//! The jobs of a program: where they are kept, who does them, and how people see them.

mod crew;
mod health;
mod purge;
mod rest;
mod stores;
mod tasks;
mod view;

pub(crate) use crew::Crew;
pub(crate) use health::JobsHealth;
pub(crate) use purge::keep_tidy;
pub(crate) use rest::routes;
pub(crate) use stores::JobStores;
pub(crate) use tasks::JobTasks;
