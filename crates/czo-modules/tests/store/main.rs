//! The store of modules on both databases.

mod artifacts;
mod configs;
mod fixture;
mod modules;
mod operations;
mod versions;
