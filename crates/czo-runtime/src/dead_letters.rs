//! What the groups of a program's bus gave up: how people look at it, have it tried again, or throw
//! it away.

mod admin;
mod meant;
mod rest;
mod view;

pub(crate) use admin::{DeadLetterAdmin, nothing_given_up};
pub(crate) use meant::{COUNTED, LARGEST_PORTION, Meant, Wanted};
pub(crate) use rest::routes;
pub(crate) use view::{DeadLetterPage, DeadLetterView, Purged, Redriven, Summary};
#[cfg(test)]
pub(crate) use view::{FailureView, UnreadableView};
