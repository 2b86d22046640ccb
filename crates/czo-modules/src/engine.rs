//! The engine: compiles components and keeps what instances are made of.

mod aot_cache;
mod code;
mod error;
mod options;
mod pool;
mod ticker;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use wasmtime::Engine;

use self::aot_cache::AotCache;
pub use self::code::{CodeHash, CodeHashError, CompiledModule};
pub use self::error::EngineError;
pub use self::options::EngineOptions;
use self::ticker::Ticker;
use crate::metrics::MetricBook;
use crate::sandbox::MemoryBudget;

/// How many components are compiled at the same time: each takes a core for up to seconds.
const COMPILATIONS: usize = 1;

/// Compiles components and runs them: one for a process. A clone is the same engine.
///
/// **Guarantee.** No component blocks a thread of the runtime: compiling runs on threads of its own,
/// and what computes gives the thread back every 10 ms. **Limits.** At most
/// [`max_instances`](EngineOptions::max_instances) calls at the same time, of all modules together.
/// **Ends.** The thread that ticks ends when the
/// last clone and the last sandbox are dropped.
#[derive(Clone)]
pub struct ModuleEngine {
    inner: Arc<Inner>,
}

struct Inner {
    // Before the engine, so that it stops first.
    _ticker: Ticker,
    wasm: Engine,
    is_pooling: bool,
    options: EngineOptions,
    cache: Option<AotCache>,
    compilations: Semaphore,
    instances: Arc<Semaphore>,
    memory: Arc<MemoryBudget>,
    metrics: MetricBook,
}

impl ModuleEngine {
    /// An engine. Where the system has not enough addresses for a pool of instances, each instance is
    /// made on demand, which takes longer; [`is_pooling`](Self::is_pooling) says so.
    ///
    /// # Errors
    ///
    /// When the processor or the system is not supported, or the cache's folder can't be made.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let (wasm, is_pooling) = pool::engine(&options)?;
        let cache =
            options.cache_dir.as_deref().map(|dir| AotCache::open(dir, &wasm)).transpose()?;
        let instances = Arc::new(Semaphore::new(options.max_instances as usize));
        let inner = Inner {
            _ticker: Ticker::start(&wasm)?,
            wasm,
            is_pooling,
            cache,
            compilations: Semaphore::new(COMPILATIONS),
            instances,
            memory: Arc::new(MemoryBudget::new(options.total_memory_mib)),
            metrics: MetricBook::default(),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Machine code of a component: from the cache, or compiled and written there. Never blocks the
    /// runtime. Given up, it goes on and fills the cache.
    ///
    /// # Errors
    ///
    /// [`EngineError::TooLarge`] before anything of it is looked at, [`EngineError::NotAComponent`]
    /// for what is corrupted or uses what is not supported. A cache that can't be read or written is
    /// logged and does not matter.
    pub async fn compile(
        &self,
        component: impl Into<Bytes>,
    ) -> Result<CompiledModule, EngineError> {
        let component = component.into();
        let limit = self.inner.options.max_component_bytes;
        if component.len() > limit {
            return Err(EngineError::TooLarge { bytes: component.len(), limit });
        }
        let hash_of = component.clone();
        let hash = blocking(move || CodeHash::of(&hash_of)).await?;
        if let Some(code) = self.cached(hash).await? {
            return Ok(code);
        }
        let _turn =
            self.inner.compilations.acquire().await.map_err(|_| EngineError::Interrupted)?;
        // Whoever had the turn before may have compiled the same.
        if let Some(code) = self.cached(hash).await? {
            return Ok(code);
        }
        let inner = self.inner.clone();
        blocking(move || inner.compile(hash, &component)).await?
    }

    /// Forgets the machine code of components that nobody needs any more. What can't be deleted is
    /// logged.
    pub async fn retain_cached(
        &self,
        is_needed: impl Fn(CodeHash) -> bool + Send + 'static,
    ) -> Result<(), EngineError> {
        let inner = self.inner.clone();
        blocking(move || {
            if let Some(cache) = &inner.cache {
                cache.retain(is_needed);
            }
        })
        .await
    }

    /// Whether instances come from a pool.
    #[must_use]
    pub fn is_pooling(&self) -> bool {
        self.inner.is_pooling
    }

    /// What it was made with.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }

    pub(crate) fn wasm(&self) -> &Engine {
        &self.inner.wasm
    }

    pub(crate) fn instances(&self) -> &Arc<Semaphore> {
        &self.inner.instances
    }

    pub(crate) fn memory(&self) -> &Arc<MemoryBudget> {
        &self.inner.memory
    }

    pub(crate) fn metrics(&self) -> &MetricBook {
        &self.inner.metrics
    }

    async fn cached(&self, hash: CodeHash) -> Result<Option<CompiledModule>, EngineError> {
        if self.inner.cache.is_none() {
            return Ok(None);
        }
        let inner = self.inner.clone();
        blocking(move || {
            let component = inner.cache.as_ref()?.load(&inner.wasm, hash)?;
            Some(CompiledModule { hash, component })
        })
        .await
    }
}

impl Inner {
    fn compile(&self, hash: CodeHash, bytes: &[u8]) -> Result<CompiledModule, EngineError> {
        let component = wasmtime::component::Component::from_binary(&self.wasm, bytes)
            .map_err(|error| EngineError::NotAComponent { reason: format!("{error:#}") })?;
        if let Some(cache) = &self.cache {
            cache.store(hash, &component);
        }
        Ok(CompiledModule { hash, component })
    }
}

impl std::fmt::Debug for ModuleEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleEngine")
            .field("options", &self.inner.options)
            .field("is_pooling", &self.inner.is_pooling)
            .finish_non_exhaustive()
    }
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| EngineError::Interrupted)
}
