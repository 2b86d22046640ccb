//! What every module has: its configuration, time and chance; and the variables it is granted.

use super::{Answer, denied};
use crate::bindings::czo::module::{clock, config, random, secrets};
use crate::sandbox::CallState;

/// The most chance at once, in bytes.
const RANDOM: u32 = 64 << 10;

impl config::Host for CallState {
    fn get(&mut self) -> wasmtime::Result<String> {
        Ok(self.confines.host.config.config(&self.scope))
    }
}

impl secrets::Host for CallState {
    fn get(&mut self, name: String) -> Answer<Option<String>> {
        if !self.confines.permissions.env.contains(&name) {
            return denied(format!("add \"{name}\" to `permissions.env`"));
        }
        Ok(Ok(self.confines.host.secrets.secret(&self.scope, &name)))
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or_default())
    }
}

impl random::Host for CallState {
    /// Less than asked for beyond the most.
    fn bytes(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        let mut bytes = vec![0; count.min(RANDOM) as usize];
        getrandom::fill(&mut bytes).map_err(|error| wasmtime::format_err!("no chance: {error}"))?;
        Ok(bytes)
    }
}
