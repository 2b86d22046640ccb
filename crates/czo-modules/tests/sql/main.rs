//! Statements of modules on both databases.

mod allowed;
mod answers;
mod any_statement;
mod fixture;
mod limits;
mod refused;
mod values;
