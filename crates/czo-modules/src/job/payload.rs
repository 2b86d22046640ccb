//! The two jobs behind all jobs of modules.

use std::time::Duration;

use czo_core::{Job, JobName, RetryPolicy};
use czo_module_package::ModuleName;
use serde::{Deserialize, Serialize};

/// Runs a job of a module, or gives it an event that it takes by jobs. A program's workers handle it
/// with [`Modules`](crate::Modules), which is a `JobHandler` of it: so they need to know no job of any
/// module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunModuleJob {
    /// Whose job.
    pub module: ModuleName,
    /// Which.
    pub work: ModuleWork,
}

/// What a module is called for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum ModuleWork {
    /// A job of the manifest.
    Job {
        /// Its name there.
        name: String,
        /// What it is given, as JSON text.
        data: String,
    },
    /// An event, as it came.
    Event {
        /// Its envelope, as JSON text.
        event: String,
    },
}

impl Job for RunModuleJob {
    const NAME: JobName = JobName::from_static("modules.run");

    /// Six attempts, after 10, 20, 40, 80 and 160 seconds.
    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_secs(10), 6)
    }
}

/// Enqueues the jobs of modules whose schedule says that they are due. A program enqueues it by a
/// schedule of its own ([`PATTERN`](Self::PATTERN)), and its workers handle it with
/// [`Modules`](crate::Modules).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickModules {}

impl TickModules {
    /// Once a minute: a schedule of a module is no finer.
    pub const PATTERN: &str = "* * * * *";
}

impl Job for TickModules {
    const NAME: JobName = JobName::from_static("modules.tick");

    /// Never: the next minute sees what this one missed.
    fn retry() -> RetryPolicy {
        RetryPolicy::none()
    }
}
