//! The scripts, and the keys they work on.
//!
//! Everything is done by scripts, one call each, and Redis runs one script at a time: no two see
//! the other's half. Times are microseconds since 1970 by Redis' own clock. Every key begins with
//! `{prefix}:`; `N` is the name of a job, `P` its priority (0 high, 1 normal, 2 low), `S` its state
//! in lower case, `I` its id.
//!
//! | key | type | is |
//! |---|---|---|
//! | `job:I` | hash | what changes of a job, and what is short |
//! | `body:I` | text | what does not: a line of JSON with retry policy and context, then the payload |
//! | `queue:N:P` | sorted set | the waiting ones, by when they are due, then by age |
//! | `leases` | sorted set | the running ones of all names, by the end of their lease |
//! | `state:S:N` | sorted set | the jobs of one name in one state, by age |
//! | `ended:S:N` | sorted set | those of them that ended, by when they did; `S` is a final state |
//! | `unique:N` | hash | which job has a unique key |
//! | `names` | set | every name there ever was a job of |
//! | `slots` | hash | the last slot of each schedule |
//! | `wake` | channel | names of which a job waits that is due before all others did |
//!
//! What holds between two scripts:
//!
//! - A job is in exactly one `state:S:N`, that of its fields `state` and `name`.
//! - It is in its `queue:N:P` exactly while it waits, in `leases` exactly while it runs, and in one
//!   `ended:S:N` exactly when it ended.
//! - It holds its unique key exactly while it waits or runs.
//! - Its `fence` grows with each claim and never shrinks, so a ticket is the worker's exactly while
//!   the state is `running` and the fence is the ticket's.
//!
//! Jobs that wait for a later time are in the same queue as those that are due: nothing has to be
//! moved when the time comes. A lost worker's jobs are taken from it by whoever claims next, a
//! bounded number each time, and by whoever asks for one of them.
//!
//! The scripts build the names of keys, which Redis allows on one node and, because they all have
//! the same tag, in a cluster; they don't work where that is forbidden.

use czo_redis::Script;

macro_rules! scripts {
    ($($name:ident $file:literal,)*) => {
        $(
            pub(super) const $name: Script =
                Script::new($file, concat!(include_str!("common.lua"), include_str!($file)));
        )*

        /// All of them.
        pub(super) const ALL: &[Script] = &[$($name),*];
    };
}

scripts! {
    ENQUEUE "enqueue.lua",
    CLAIM "claim.lua",
    RENEW "renew.lua",
    FINISH "finish.lua",
    CANCEL "cancel.lua",
    READ "read.lua",
    LIST "list.lua",
    COUNTS "counts.lua",
    ENDED "ended.lua",
    RETRY "retry.lua",
    PURGE "purge.lua",
    NEXT_DUE "next_due.lua",
    SLOT "slot.lua",
}
