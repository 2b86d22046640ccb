//! The jobs that a worker holds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use czo_core::{JobControl, Progress, Renewal, Standing, Ticket};
use tokio::sync::watch;
use tokio::time::Instant;

use super::limits::with_short_note;

/// Why a job is to stop. Ordered: what comes later outdoes what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// Somebody cancelled it; it has the grace period.
    Cancelled,
    /// The worker ends, and gives it back.
    Released,
    /// It is another worker's.
    Lost,
}

/// What a worker knows of a job that it holds.
struct Entry {
    /// Of one that has begun.
    control: Option<JobControl>,
    stop: watch::Sender<Option<Stop>>,
    renewed: Instant,
    /// What was taken from the handler to be stored, and is not yet.
    unsaved: Option<Progress>,
}

/// The jobs that a worker holds, from the claim to the end of the attempt.
#[derive(Default)]
pub(super) struct HeldJobs(Mutex<HashMap<Ticket, Entry>>);

impl HeldJobs {
    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job that was claimed by a request sent at `since`.
    pub(super) fn add(&self, ticket: Ticket, since: Instant) {
        let (stop, _) = watch::channel(None);
        let entry = Entry { control: None, stop, renewed: since, unsaved: None };
        self.lock().insert(ticket, entry);
    }

    /// The job begins. Tells when it is to stop.
    ///
    /// # Errors
    ///
    /// When it is to stop already: it is not held any more.
    pub(super) fn begin(
        &self,
        ticket: Ticket,
        control: JobControl,
    ) -> Result<watch::Receiver<Option<Stop>>, Stop> {
        let mut jobs = self.lock();
        let entry = jobs.get_mut(&ticket).ok_or(Stop::Lost)?;
        let told = *entry.stop.borrow();
        if let Some(why) = told {
            jobs.remove(&ticket);
            return Err(why);
        }
        entry.control = Some(control);
        Ok(entry.stop.subscribe())
    }

    /// The attempt has ended. Why the handler was told to stop, and what of its progress is not
    /// stored.
    pub(super) fn remove(&self, ticket: Ticket) -> (Option<Stop>, Option<Progress>) {
        let Some(entry) = self.lock().remove(&ticket) else { return (None, None) };
        let told = *entry.stop.borrow();
        let news = entry.control.as_ref().and_then(JobControl::take_progress);
        (told, news.map(with_short_note).or(entry.unsaved))
    }

    /// What to tell the source about all of them, in the order of their ids.
    pub(super) fn renewals(&self) -> Vec<Renewal> {
        let renewal = |(ticket, entry): (&Ticket, &mut Entry)| {
            if let Some(news) = entry.control.as_ref().and_then(JobControl::take_progress) {
                entry.unsaved = Some(with_short_note(news));
            }
            Renewal { ticket: *ticket, progress: entry.unsaved.clone() }
        };
        let mut renewals: Vec<_> = self.lock().iter_mut().map(renewal).collect();
        renewals.sort_by_key(|renewal| renewal.ticket.id);
        renewals
    }

    /// What the source said to renewals sent at `since`.
    pub(super) fn renewed(&self, renewals: &[Renewal], standings: &[Standing], since: Instant) {
        let mut jobs = self.lock();
        for (renewal, standing) in renewals.iter().zip(standings) {
            let Some(entry) = jobs.get_mut(&renewal.ticket) else { continue };
            match standing {
                Standing::Lost => entry.stop(Stop::Lost),
                held => {
                    entry.renewed = since;
                    if entry.unsaved == renewal.progress {
                        entry.unsaved = None;
                    }
                    if *held == Standing::Cancelling {
                        entry.stop(Stop::Cancelled);
                    }
                }
            }
        }
    }

    /// Gives up those that were not renewed for this long: another worker may have them.
    pub(super) fn give_up(&self, lease: Duration) {
        let mut jobs = self.lock();
        for entry in jobs.values_mut().filter(|entry| entry.renewed.elapsed() >= lease) {
            entry.stop(Stop::Lost);
        }
    }

    /// Stops all of them.
    pub(super) fn release(&self) {
        self.lock().values_mut().for_each(|entry| entry.stop(Stop::Released));
    }
}

impl Entry {
    fn stop(&self, why: Stop) {
        if let Some(control) = &self.control {
            control.cancel();
        }
        self.stop.send_if_modified(|stop| {
            let outdone = *stop < Some(why);
            if outdone {
                *stop = Some(why);
            }
            outdone
        });
    }
}
