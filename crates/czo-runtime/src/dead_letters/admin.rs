//! The dead letters of a program, as those have them who look after it.

use std::sync::Arc;

use czo_core::{BusError, Classified, DeadLetterFilter, DeadLetters, ErrorKind, EventId};
use thiserror::Error;

use super::meant::{LARGEST_PORTION, Meant, MeantError, Wanted};
use super::view::{DeadLetterPage, DeadLetterView, Purged, Redriven, Summary};

/// The dead letters of a program, as those have them who look after it.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetterAdmin(Arc<dyn DeadLetters>);

/// Why they can't be had.
#[derive(Debug, Error)]
pub(crate) enum DeadLetterError {
    #[error(transparent)]
    Meant(#[from] MeantError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl Classified for DeadLetterError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Meant(_) => ErrorKind::Invalid,
            Self::Bus(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Bus(error) if error.is_retryable())
    }
}

/// What is said where there is none.
pub(crate) fn nothing_given_up(event: EventId) -> String {
    format!("there is no dead letter of event {event}, or no more")
}

impl DeadLetterAdmin {
    pub(crate) fn new(letters: Arc<dyn DeadLetters>) -> Self {
        Self(letters)
    }

    /// The oldest.
    pub(crate) async fn list(&self, wanted: &Wanted) -> Result<DeadLetterPage, DeadLetterError> {
        let (filter, limit) = wanted.page()?;
        // One more than is shown tells whether there are more.
        Ok(DeadLetterPage::of(self.0.list(&filter, limit + 1).await?, limit))
    }

    /// Those of one event.
    pub(crate) async fn of_event(
        &self,
        event: EventId,
    ) -> Result<Vec<DeadLetterView>, DeadLetterError> {
        let filter = DeadLetterFilter::all().event(event);
        let letters = self.0.list(&filter, LARGEST_PORTION).await?;
        Ok(letters.into_iter().map(DeadLetterView::from).collect())
    }

    /// How many there are.
    pub(crate) async fn summary(&self, wanted: &Wanted) -> Result<Summary, DeadLetterError> {
        let (filter, limit) = wanted.counted()?;
        Ok(Summary::of(&self.0.list(&filter, limit + 1).await?, limit))
    }

    /// Hands those that are meant to their groups again.
    pub(crate) async fn redrive(&self, meant: &Meant) -> Result<Redriven, DeadLetterError> {
        let (filter, limit) = meant.portion()?;
        Ok(Redriven { redriven: self.0.redrive(&filter, limit).await? })
    }

    /// Throws those away that are meant.
    pub(crate) async fn purge(&self, meant: &Meant) -> Result<Purged, DeadLetterError> {
        let filter = meant.unlimited()?;
        Ok(Purged { purged: self.0.purge(&filter).await? })
    }
}
