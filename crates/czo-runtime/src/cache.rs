//! The cache of a program: how well it is, and how people look into it and make it forget.

mod admin;
mod forget;
mod health;
mod rest;
mod view;

pub(crate) use admin::{CacheAdmin, tell_the_rest};
pub(crate) use forget::{Forget, Forgotten};
pub(crate) use health::CacheHealth;
pub(crate) use rest::routes;
pub(crate) use view::{EntryView, Kind, Place, StatsView, TierView, nothing_cached};
