//! Many lookups at once, as one.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tracing::Instrument;

use crate::repository::{CanRead, Ready, Repository};
use crate::{Database, RepoError, Resource};

type Found<K, V> = Result<HashMap<K, V>, RepoError>;
type Answer<V> = Result<Option<V>, Arc<RepoError>>;
type Load<K, V> = dyn Fn(Vec<K>) -> Pin<Box<dyn Future<Output = Found<K, V>> + Send>> + Send + Sync;

/// Answers many lookups that are under way at the same time with one statement: made for one
/// request, whose resolvers each ask for one row.
///
/// The first lookup starts a statement; what is asked for while it is under way is the next one.
/// No timer, so a lookup that is alone is not held up. Nothing is remembered: each statement asks
/// for what was asked since the one before, and each key once. A failure is shared by all who
/// waited for it. Clones share.
pub struct Loader<K, V> {
    shared: Arc<Shared<K, V>>,
}

struct Shared<K, V> {
    load: Box<Load<K, V>>,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    waiting: HashMap<K, Vec<oneshot::Sender<Answer<V>>>>,
    /// Whether a task is at it.
    running: bool,
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Clone + Send + 'static> Loader<K, V> {
    /// A loader over a function that finds the values of many keys at once.
    pub fn new<F>(load: impl Fn(Vec<K>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Found<K, V>> + Send + 'static,
    {
        let load = Box::new(move |keys| -> Pin<Box<dyn Future<Output = _> + Send>> {
            Box::pin(load(keys))
        });
        let state = Mutex::new(State { waiting: HashMap::new(), running: false });
        Self { shared: Arc::new(Shared { load, state }) }
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// What the function that finds values returned, shared by all who waited for it.
    pub async fn load(&self, key: K) -> Answer<V> {
        let (sender, receiver) = oneshot::channel();
        let starts = {
            let mut state = self.shared.lock();
            state.waiting.entry(key).or_default().push(sender);
            !std::mem::replace(&mut state.running, true)
        };
        if starts {
            tokio::spawn(run(self.shared.clone()).in_current_span());
        }
        receiver.await.unwrap_or_else(|_| {
            // The task was dropped or panicked with its runtime.
            Err(Arc::new(crate::DatabaseError::Interrupted.into()))
        })
    }
}

/// Lets the next lookup start a new task, should this one panic. Who waits is told by the drop of
/// what would have answered.
struct OnPanic<'a, K, V>(&'a Shared<K, V>);

impl<K, V> Drop for OnPanic<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running = false;
        state.waiting.clear();
    }
}

/// Answers until nobody waits.
async fn run<K: Eq + Hash + Clone, V: Clone>(shared: Arc<Shared<K, V>>) {
    let on_panic = OnPanic(&shared);
    loop {
        // Whoever is ready to ask asks now.
        tokio::task::yield_now().await;
        let waiting = {
            let mut state = shared.lock();
            if state.waiting.is_empty() {
                state.running = false;
                std::mem::forget(on_panic);
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        let keys = waiting.keys().cloned().collect();
        let found = (shared.load)(keys).await.map_err(Arc::new);
        for (key, senders) in waiting {
            for sender in senders {
                let answer = match &found {
                    Ok(found) => Ok(found.get(&key).cloned()),
                    Err(error) => Err(error.clone()),
                };
                // Who has gone meanwhile needs no answer.
                let _ = sender.send(answer);
            }
        }
    }
}

impl<K, V> Shared<K, V> {
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Resource, A: CanRead + 'static> Repository<E, Ready, A>
where
    E::Model: 'static,
{
    /// Looks rows of this scope up by id, many at once.
    #[must_use]
    pub fn loader(&self, database: &Database) -> Loader<E::Id, E::Model> {
        let (repository, database) = (self.clone(), database.clone());
        Loader::new(move |ids: Vec<E::Id>| {
            let (repository, database) = (repository.clone(), database.clone());
            async move {
                let rows = repository.find_by_ids(&database, &ids).await?;
                Ok(ids.into_iter().zip(rows).filter_map(|(id, row)| Some((id, row?))).collect())
            }
        })
    }

    /// Looks the rows of this scope up that belong to something, many at once: those with the
    /// same value in `column`, which `key` reads of a row, in the order of the scope.
    #[must_use]
    pub fn loader_of<K>(
        &self,
        database: &Database,
        column: E::Column,
        key: fn(&E::Model) -> K,
    ) -> Loader<K, Vec<E::Model>>
    where
        K: Eq + Hash + Clone + Into<sea_orm::Value> + Send + Sync + 'static,
    {
        let (repository, database) = (self.clone(), database.clone());
        Loader::new(move |keys: Vec<K>| {
            let (repository, database) = (repository.clone(), database.clone());
            async move { repository.find_grouped(&database, column, &keys, key).await }
        })
    }
}

impl<K, V> Clone for Loader<K, V> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<K, V> fmt::Debug for Loader<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.shared.lock().waiting.len();
        f.debug_struct("Loader").field("waiting", &waiting).finish_non_exhaustive()
    }
}
