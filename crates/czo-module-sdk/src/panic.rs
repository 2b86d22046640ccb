//! What a panic says goes to the server's log.

use std::panic;
use std::sync::Once;

use crate::log;

static SET: Once = Once::new();

/// Makes panics leave a line with file and line number in the log. What follows is a trap: the
/// server gives the instance up.
pub(crate) fn to_log() {
    SET.call_once(|| {
        panic::set_hook(Box::new(|panicked| log::error(&panicked.to_string(), &[])));
    });
}
