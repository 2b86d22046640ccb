//! A version of a module begins to serve in this process.

mod attach;
mod candidate;
mod failed;
mod ledger;
mod stage;

pub(crate) use self::attach::{Attached, FailureHere};
pub(crate) use self::candidate::{Candidate, Origin};
pub(crate) use self::failed::Failed;
pub(crate) use self::ledger::Ledger;
pub(crate) use self::stage::Stage;
