//! Lines in the server's log.

use crate::bindings::czo::module::log;
use crate::sandbox::CallState;
use crate::{LogLevel, LogLine};

/// The longest message, in bytes; the rest is cut off.
const MESSAGE: usize = 8 << 10;
/// The most fields; the rest is left out.
const FIELDS: usize = 16;
/// The longest name and value of a field, in bytes; the rest is cut off.
const FIELD: usize = 1 << 10;

impl log::Host for CallState {
    fn write(
        &mut self,
        level: log::Level,
        mut message: String,
        mut fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        cut(&mut message, MESSAGE);
        fields.truncate(FIELDS);
        for (name, value) in &mut fields {
            cut(name, FIELD);
            cut(value, FIELD);
        }
        if matches!(level, log::Level::Error) {
            // The SDK's panics are written here, and the call breaks next.
            self.meter.write_output(message.as_bytes());
        }
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let bytes = self.used.log_bytes + bytes + message.len();
        let bearable = &self.confines.bearable;
        if self.used.log_lines >= bearable.log_lines || bytes > bearable.log_bytes as usize {
            self.meter.omit_line();
            return Ok(());
        }
        self.used.log_lines += 1;
        self.used.log_bytes = bytes;
        let correlation_id = self.scope.context.correlation_id.to_string();
        let line = LogLine { level: level.into(), message, fields, correlation_id };
        self.confines.host.log.write(&self.confines.name, line);
        Ok(())
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
}

impl From<log::Level> for LogLevel {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}
