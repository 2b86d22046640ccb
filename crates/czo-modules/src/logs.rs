//! What modules log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use czo_core::Clock;
use czo_module_package::ModuleName;

use crate::{LogFilter, LogLevel, LogLine, LogRecord, LogSink};

/// How many lines of a module are kept.
const KEPT: usize = 1_000;

/// Writes lines of modules into the log of the server, and keeps the last of each module.
pub(crate) struct LogBook {
    clock: Arc<dyn Clock>,
    pages: Mutex<HashMap<ModuleName, Page>>,
}

#[derive(Default)]
struct Page {
    lines: VecDeque<(LogLevel, LogRecord)>,
    last: u64,
}

impl LogBook {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pages: Mutex::default() }
    }

    /// The lines that are meant, the oldest first.
    pub(crate) fn read(&self, module: &ModuleName, filter: &LogFilter) -> Vec<LogRecord> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(page) = pages.get(module) else { return Vec::new() };
        let is_meant = |(level, record): &&(LogLevel, LogRecord)| {
            let of_request = filter.correlation_id.as_ref();
            filter.level.is_none_or(|least| *level >= least)
                && filter.after.is_none_or(|after| record.number > after)
                && of_request.is_none_or(|id| id.as_str() == record.correlation_id)
        };
        let found: Vec<_> = page.lines.iter().filter(is_meant).collect();
        let skip = filter.limit.map_or(0, |limit| found.len().saturating_sub(limit));
        found.into_iter().skip(skip).map(|(_, record)| record.clone()).collect()
    }

    /// Forgets the lines of a module that was removed.
    pub(crate) fn forget(&self, module: &ModuleName) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).remove(module);
    }
}

impl LogSink for LogBook {
    fn write(&self, module: &ModuleName, line: LogLine) {
        tell(module, &line);
        let LogLine { level, message, fields, correlation_id } = line;
        let at = self.clock.now();
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let page = match pages.get_mut(module) {
            Some(page) => page,
            None => pages.entry(module.clone()).or_default(),
        };
        page.last += 1;
        let number = page.last;
        let record = LogRecord { number, at, level: word(level), message, fields, correlation_id };
        if page.lines.len() == KEPT {
            page.lines.pop_front();
        }
        page.lines.push_back((level, record));
    }
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn tell(module: &ModuleName, line: &LogLine) {
    let LogLine { level, message, fields, correlation_id } = line;
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "czo_modules::log",
                tracing::Level::$level,
                %module,
                correlation_id,
                fields = ?fields,
                "{message}"
            )
        };
    }
    match level {
        LogLevel::Trace => event!(TRACE),
        LogLevel::Debug => event!(DEBUG),
        LogLevel::Info => event!(INFO),
        LogLevel::Warn => event!(WARN),
        LogLevel::Error => event!(ERROR),
    }
}

#[cfg(test)]
mod tests {
    use czo_core::SystemClock;

    use super::*;

    fn line(level: LogLevel, message: &str) -> LogLine {
        let (message, correlation_id) = (message.to_owned(), "request-1".to_owned());
        LogLine { level, message, fields: Vec::new(), correlation_id }
    }

    #[test]
    fn the_last_thousand_lines_are_kept_and_numbered() {
        let (book, module) = (LogBook::new(Arc::new(SystemClock)), "noisy".parse().unwrap());
        for at in 0..1_500 {
            book.write(&module, line(LogLevel::Info, &at.to_string()));
        }
        let lines = book.read(&module, &LogFilter::default());
        assert_eq!((lines.len(), lines[0].number, lines[0].message.as_str()), (1_000, 501, "500"));
    }

    #[test]
    fn a_filter_takes_lines_by_level_number_and_count() {
        let (book, module) = (LogBook::new(Arc::new(SystemClock)), "m".parse().unwrap());
        for level in [LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
            book.write(&module, line(level, "x"));
        }
        let levels = |filter: LogFilter| -> Vec<_> {
            book.read(&module, &filter).into_iter().map(|record| record.level).collect()
        };
        let level = LogFilter { level: Some(LogLevel::Warn), ..LogFilter::default() };
        assert_eq!(levels(level), ["warn", "error"]);
        assert_eq!(levels(LogFilter { after: Some(2), ..LogFilter::default() }), ["error"]);
        assert_eq!(levels(LogFilter { limit: Some(1), ..LogFilter::default() }), ["error"]);
    }
}
