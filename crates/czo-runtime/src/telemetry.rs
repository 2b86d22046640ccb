//! Telemetry as the configuration has it.

use czo_telemetry::Telemetry;

use crate::{Config, RuntimeError};

/// Sets up logs and metrics of this process as the configuration has it. Once.
///
/// # Errors
///
/// [`RuntimeError::Telemetry`].
pub fn install_telemetry(config: &Config) -> Result<Telemetry, RuntimeError> {
    Ok(czo_telemetry::install(&config.log_options())?)
}
