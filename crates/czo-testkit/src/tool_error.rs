//! What a test is told of a program that failed.

use std::fmt;
use std::io;
use std::path::Path;

/// How much of a log an error shows.
const LAST_LINES: usize = 30;

/// A program that a test needs is missing, or failed; with what it said last.
///
/// `Debug` shows it as text, too: that is what `unwrap` prints.
pub struct ToolError {
    what: String,
    said: String,
}

impl ToolError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), said: String::new() }
    }

    /// With the end of what was said.
    pub(crate) fn said(mut self, text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            self.said.push('\n');
            self.said.push_str(line);
        }
        self
    }

    /// With the end of a log.
    pub(crate) fn log(self, log: &Path) -> Self {
        self.said(&std::fs::read(log).unwrap_or_default())
    }
}

impl std::error::Error for ToolError {}

impl From<io::Error> for ToolError {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        f.write_str(&self.said)
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
