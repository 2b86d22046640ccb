//! What a Redis does in one step.

use std::fmt;

/// A Lua script, which Redis runs as a whole: nobody sees it half done.
///
/// A constant, next to the others that a [`Connector`](crate::Connector) shows to the server:
///
/// ```
/// use czo_redis::Script;
///
/// const TAKE: Script = Script::new("take", "return redis.call('GETDEL', KEYS[1])");
/// const SCRIPTS: &[Script] = &[TAKE];
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Script {
    name: &'static str,
    code: &'static str,
}

impl Script {
    /// A script with this name, for people, and this code.
    #[must_use]
    pub const fn new(name: &'static str, code: &'static str) -> Self {
        Self { name, code }
    }

    pub(crate) fn code(self) -> &'static str {
        self.code
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
