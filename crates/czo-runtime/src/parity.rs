//! Whether two buses did the same with the events: how people see it, before they move from one to
//! the other.

mod rest;
mod view;

pub(crate) use rest::routes;
pub(crate) use view::{GroupView, Kept, ParityView, TypeView};
