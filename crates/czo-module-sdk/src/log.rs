//! Lines in the server's log, under the module's name.
//!
//! Long messages are cut off and floods are left out, so a line is no place to keep data.
//!
//! ```no_run
//! # use czo_module_sdk::log;
//! log::info("granted points", &[("customer", &"ada"), ("points", &12)]);
//! ```

use std::fmt::Display;

use crate::bindings::imports::czo::module::log as host;

pub use host::Level;

/// Writes a line of the given level.
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    host::write(level, message, &fields);
}

/// For the author only.
pub fn trace(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Trace, message, fields);
}

/// For finding a fault.
pub fn debug(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Debug, message, fields);
}

/// What happened.
pub fn info(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Info, message, fields);
}

/// What should not have happened.
pub fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Warn, message, fields);
}

/// What failed.
pub fn error(message: &str, fields: &[(&str, &dyn Display)]) {
    write(Level::Error, message, fields);
}
