//! What [`Published`](crate::published::Published) is made of. The race test puts shuttle's in
//! their place.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::AtomicBool;

pub(crate) use arc_swap::ArcSwap;
