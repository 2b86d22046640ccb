//! The thread by which computing modules notice how long they compute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

use super::EngineError;

/// How often computing modules are looked at.
const TICK: Duration = Duration::from_millis(10);

/// Ticks until it is dropped. A thread of its own, not a task: a runtime whose threads all compute
/// would never tick.
pub(super) struct Ticker {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> Result<Self, EngineError> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (engine, over) = (engine.clone(), is_over.clone());
        let tick = move || {
            while !over.load(Ordering::Acquire) {
                thread::park_timeout(TICK);
                engine.increment_epoch();
            }
        };
        let thread = thread::Builder::new().name("module-epochs".to_owned()).spawn(tick);
        Ok(Self { is_over, thread: Some(thread.map_err(EngineError::Ticker)?) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It can't panic, and ends at once.
            drop(thread.join());
        }
    }
}
