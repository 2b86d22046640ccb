//! Services by name: those of the server, and those of modules (requirement MOD 8).

mod calls;

pub(crate) use self::calls::Services;
pub use czo_core::{ServerService, ServiceDirectory, ServiceError};
