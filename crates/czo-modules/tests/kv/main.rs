//! Values by key on both databases.

mod expiry;
mod fixture;
mod limits;
mod races;
mod values;
