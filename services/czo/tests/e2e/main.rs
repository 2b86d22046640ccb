//! The program as its users have it: the binary as a process of its own, in a folder of its own,
//! on a port and a database of its own.

mod support;

mod access;
mod apps;
mod cache;
mod commands;
mod dlq;
mod dual_write;
mod events;
mod export;
mod federation;
mod first_start;
mod import;
mod import_jobs;
mod import_refusals;
mod jobs;
mod limits;
mod memory;
mod migrations;
mod module_commands;
mod modules;
mod outbox;
mod pages;
mod pagination;
mod postgres;
mod power_cuts;
mod products;
mod rabbitmq;
mod races;
mod replay;
mod shutdown;
mod start_refusals;
mod third_party;
