//! What a program does as jobs, and when.

use std::collections::BTreeMap;

use czo_core::JobName;
use czo_domain::{DomainName, Parts, PendingJob};
use czo_jobs::{Schedules, Worker};

use super::JobStores;
use crate::RuntimeError;

/// What a program does as jobs, and when.
#[derive(Clone, Debug)]
pub(crate) struct JobTasks {
    handlers: BTreeMap<JobName, PendingJob>,
    schedules: Schedules,
    scheduled: Vec<JobName>,
}

impl JobTasks {
    /// What was handed in, by the domains and by the runtime.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::DuplicateJob`], [`RuntimeError::DuplicateSchedule`] and
    /// [`RuntimeError::Schedule`].
    pub(crate) fn of(
        stores: &JobStores,
        own: &Parts,
        registered: &[(DomainName, Parts)],
    ) -> Result<Self, RuntimeError> {
        let parts = || std::iter::once(own).chain(registered.iter().map(|(_, parts)| parts));
        let mut handlers = BTreeMap::new();
        for job in parts().flat_map(|parts| &parts.jobs) {
            if handlers.insert(job.name().clone(), job.clone()).is_some() {
                return Err(RuntimeError::DuplicateJob { name: job.name().clone() });
            }
        }
        let mut schedules = Schedules::new(stores.slots());
        let mut scheduled = Vec::new();
        for schedule in parts().flat_map(|parts| &parts.schedules) {
            let name = schedule.name.clone();
            if scheduled.contains(&name) {
                return Err(RuntimeError::DuplicateSchedule { name });
            }
            schedules = schedules
                .add(name.clone(), &schedule.pattern, schedule.job.clone())
                .map_err(|source| RuntimeError::Schedule { name: name.clone(), source })?;
            scheduled.push(name);
        }
        Ok(Self { handlers, schedules, scheduled })
    }

    /// Only the jobs of these names, all where there are none. Schedules are looked after all the
    /// same: whoever does them finds their jobs.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownJob`].
    pub(crate) fn only(mut self, names: &[String]) -> Result<Self, RuntimeError> {
        if names.is_empty() {
            return Ok(self);
        }
        let is_known = |name: &String| self.handlers.keys().any(|known| known.as_str() == name);
        if let Some(name) = names.iter().find(|name| !is_known(name)) {
            let known = self.handlers.keys().map(ToString::to_string).collect();
            return Err(RuntimeError::UnknownJob { name: name.clone(), known });
        }
        self.handlers.retain(|name, _| names.iter().any(|wanted| wanted == name.as_str()));
        Ok(self)
    }

    /// The names of the jobs.
    pub(crate) fn names(&self) -> impl Iterator<Item = &JobName> {
        self.handlers.keys()
    }

    /// The names of the schedules.
    pub(crate) fn scheduled(&self) -> &[JobName] {
        &self.scheduled
    }

    pub(super) fn schedules(&self) -> Schedules {
        self.schedules.clone()
    }

    /// The worker, with a handler for each.
    pub(super) fn attach(&self, worker: Worker) -> Worker {
        self.handlers.values().fold(worker, |worker, job| job.attach(worker))
    }
}
