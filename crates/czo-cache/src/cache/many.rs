//! Many keys with one load.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use super::Cache;
use super::read::Look;
use crate::codec::Cached;
use crate::entry_options::EntryOptions;
use crate::error::LoadError;
use crate::flight::{Boarding, Flight, Landing, Outcome};
use crate::load::many::{self, LoadMany, Seat};
use crate::load::{Failure, Wanted};
use crate::loaded::Loaded;
use crate::namespace::Key;
use crate::remote::Want;
use crate::slot::{Age, Held};

/// What is known of a key that was asked for.
enum Answer<T> {
    Known(Option<Arc<T>>),
    /// It is to be loaded. What there is, is served when that fails or takes too long.
    Open(Option<Arc<T>>),
}

type Answers<'k, T> = HashMap<&'k str, Answer<T>>;

impl Cache {
    /// The values of these keys, in their order; those that are not there are loaded by one call.
    ///
    /// What [`get_or_load`](Self::get_or_load) promises holds for each of the keys: what others are
    /// loading is waited for, and what is invalidated during the load is not kept. `load` gets the
    /// keys that it is to load, none of them twice, and returns what it found in their order. It is
    /// called again only for keys that others were loading, in vain.
    ///
    /// **Limit**: of processes that share the cache, two may load the same key. Who loads many does
    /// not wait for who loads one of them elsewhere.
    ///
    /// # Errors
    ///
    /// As [`get_or_set`](Self::get_or_set), when one of the keys can't be loaded and has nothing to
    /// be served instead; [`LoadError::Abandoned`] also when `load` returns more or fewer than it was
    /// asked for.
    pub async fn get_or_load_many<T, E, L, F>(
        &self,
        keys: &[&str],
        options: &EntryOptions,
        load: L,
    ) -> Result<Vec<Option<Arc<T>>>, LoadError<E>>
    where
        T: Cached,
        E: Error + Send + Sync + 'static,
        L: Fn(Vec<String>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<Loaded<T>>, E>> + Send + 'static,
    {
        let mut answers = Answers::with_capacity(keys.len());
        let (mut open, mut ripe) = (Vec::new(), Vec::new());
        for key in keys {
            if answers.contains_key(key) {
                continue;
            }
            let answer = match self.look(key) {
                Look::Serve(value) => Answer::Known(value),
                Look::ServeAndLoad(value) => {
                    ripe.push(*key);
                    Answer::Known(value)
                }
                Look::Spare(value) => Answer::Open(Some(value)),
                Look::Nothing => Answer::Open(None),
            };
            if matches!(answer, Answer::Open(_)) {
                open.push(*key);
            }
            answers.insert(key, answer);
        }
        if !(ripe.is_empty() && open.is_empty()) {
            let load = erased(load);
            let again = ripe.into_iter().filter_map(|key| self.seat_again::<T>(key, options));
            many::take_off(&self.shared, again.collect(), load.clone());
            Box::pin(self.load_open::<T, E>(&mut answers, open, options, load)).await?;
        }
        let value = |key: &&str| match answers.get(key) {
            Some(Answer::Known(value) | Answer::Open(value)) => value.clone(),
            None => None,
        };
        Ok(keys.iter().map(value).collect())
    }

    /// Finds an answer for each of these keys.
    async fn load_open<'k, T: Cached, E: Error + Send + Sync + 'static>(
        &self,
        answers: &mut Answers<'k, T>,
        mut open: Vec<&'k str>,
        options: &EntryOptions,
        load: LoadMany,
    ) -> Result<(), LoadError<E>> {
        let hard = options.hard_timeout;
        let began = tokio::time::Instant::now();
        for _ in 0..self.shared.joins {
            let (mut seats, mut waiting, mut again) = (Vec::new(), Vec::new(), Vec::new());
            for key in open {
                match self.board::<T>(key, options) {
                    Boarding::Started(flight) => {
                        seats.push(self.seat::<T>(key, options, Want::Any, flight.clone()));
                        waiting.push((key, flight, true));
                    }
                    Boarding::Joined(flight) => waiting.push((key, flight, false)),
                    Boarding::Landed => match self.look(key) {
                        Look::Serve(value) | Look::ServeAndLoad(value) => {
                            answers.insert(key, Answer::Known(value));
                        }
                        Look::Spare(_) | Look::Nothing => again.push(key),
                    },
                }
            }
            many::take_off(&self.shared, seats, load.clone());
            for (key, flight, is_mine) in waiting {
                let spare = match answers.get(key) {
                    Some(Answer::Open(spare)) => spare.clone(),
                    _ => None,
                };
                let limit = if spare.is_some() { options.soft_timeout.min(hard) } else { hard };
                let limit = limit.saturating_sub(began.elapsed());
                let value = match (tokio::time::timeout(limit, flight.outcome()).await, spare) {
                    (Ok(outcome), _) => self.value_of::<T, E>(outcome, is_mine)?,
                    (Err(_), Some(spare)) => {
                        let key = Key::new(&self.namespace, key);
                        self.take_spare::<T>(&key, options, &flight);
                        Some(Some(spare))
                    }
                    (Err(_), None) => return Err(LoadError::TimedOut(hard)),
                };
                match value {
                    Some(value) => drop(answers.insert(key, Answer::Known(value))),
                    None => again.push(key),
                }
            }
            if again.is_empty() {
                return Ok(());
            }
            open = again;
        }
        // For itself alone then, and nothing is kept.
        let loading = load(open.iter().map(|key| (*key).to_owned()).collect());
        let limit = hard.saturating_sub(began.elapsed());
        let failed = match tokio::time::timeout(limit, loading).await {
            Ok(Ok(found)) if found.len() == open.len() => {
                for (key, found) in open.into_iter().zip(found) {
                    let value = found.value.and_then(|value| value.downcast::<T>().ok());
                    answers.insert(key, Answer::Known(value));
                }
                return Ok(());
            }
            Ok(Ok(_)) => LoadError::Abandoned,
            Ok(Err(failure)) => {
                let error = failure.error.and_then(|error| error.downcast::<E>().ok());
                error.map_or(LoadError::Abandoned, LoadError::Failed)
            }
            Err(_) => LoadError::TimedOut(hard),
        };
        let is_spare = |key: &&str| matches!(answers.get(key), Some(Answer::Open(Some(_))));
        if open.iter().all(is_spare) { Ok(()) } else { Err(failed) }
    }

    /// What came of a load for this caller; nothing when it is to be loaded again.
    fn value_of<T: Cached, E: Error + Send + Sync + 'static>(
        &self,
        outcome: Outcome,
        is_mine: bool,
    ) -> Result<Option<Option<Arc<T>>>, LoadError<E>> {
        Ok(match outcome {
            Outcome::Found(slot) if is_mine || slot.is_good(&self.namespace) => match slot.held {
                Held::Absent | Held::Tombstone => Some(None),
                // Somebody else may have another type of value under this key.
                Held::Value(value) => value.downcast::<T>().ok().map(Some),
            },
            Outcome::Found(_) => None,
            Outcome::Failed(error) => match error.downcast::<E>() {
                Ok(error) => return Err(LoadError::Failed(error)),
                Err(_) => None,
            },
            Outcome::Abandoned => return Err(LoadError::Abandoned),
        })
    }

    fn board<T: Cached>(&self, key: &str, options: &EntryOptions) -> Boarding {
        let has_landed =
            || matches!(self.age::<T>(key, Wanted::Answer), Some(Age::Fresh | Age::Ripe));
        let (flights, scopes) = (&self.shared.flights, &self.shared.scopes);
        flights.board(&Key::new(&self.namespace, key), scopes, &options.tags, has_landed)
    }

    /// Boards a key that is to be loaded again, unless somebody does that.
    fn seat_again<T: Cached>(&self, key: &str, options: &EntryOptions) -> Option<Seat> {
        let has_landed = || matches!(self.age::<T>(key, Wanted::Answer), Some(Age::Fresh));
        let (flights, scopes) = (&self.shared.flights, &self.shared.scopes);
        let place = Key::new(&self.namespace, key);
        match flights.board(&place, scopes, &options.tags, has_landed) {
            Boarding::Started(flight) => Some(self.seat::<T>(key, options, Want::Newer, flight)),
            Boarding::Joined(_) | Boarding::Landed => None,
        }
    }

    fn seat<T: Cached>(
        &self,
        key: &str,
        options: &EntryOptions,
        want: Want,
        flight: Arc<Flight>,
    ) -> Seat {
        let order = self.order::<T>(key, options, want, Wanted::Answer);
        let landing = Landing { shared: self.shared.clone(), key: order.key.clone(), flight };
        Seat { order, landing }
    }
}

/// A load of a type that the cache does not know.
fn erased<T, E, L, F>(load: L) -> LoadMany
where
    T: Cached,
    E: Error + Send + Sync + 'static,
    L: Fn(Vec<String>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<Loaded<T>>, E>> + Send + 'static,
{
    Arc::new(move |keys| {
        let loading = load(keys);
        Box::pin(async move {
            match loading.await {
                Ok(loaded) => Ok(loaded.into_iter().map(Into::into).collect()),
                Err(error) => {
                    let message = czo_core::describe(&error);
                    Err(Failure { error: Some(Arc::new(error)), message })
                }
            }
        })
    })
}
