//! Migrations of modules, and archives of what they keep, on both databases.

mod apply;
mod archive;
mod files;
mod fixture;
mod rehearsal;
mod removal;
