//! WASI with nothing behind it: what the runtimes of languages import and modules have no use for.
//!
//! No folder, no variable, no argument, no input and no network. What a component writes to its output
//! is kept for the message of an error. Clocks and chance are the system's.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncWrite, sink};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::meter::Meter;
use super::state::CallState;

/// The most that a component gets of chance at once, in bytes.
const RANDOM: u64 = 64 << 10;
/// The most streams, timers and the like that a component has at the same time.
const RESOURCES: usize = 1_000;
/// What a component may write at once, in bytes.
const WRITE: usize = 64 << 10;

/// What an instance has of WASI. It is made when the component first asks for it: most calls never do.
pub(super) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    output: Output,
}

impl Wasi {
    fn new(meter: &Meter) -> Self {
        let output = Output(Arc::new(Mutex::new(meter.clone())));
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let context = WasiCtx::builder()
            .stdout(output.clone())
            .stderr(output.clone())
            .max_random_size(RANDOM)
            .build();
        Self { context, table, output }
    }

    /// Counts what is written as another call's.
    pub(super) fn begin(&mut self, meter: &Meter) {
        *self.output.0.lock().unwrap_or_else(PoisonError::into_inner) = meter.clone();
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let meter = &self.meter;
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(meter)));
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

/// Standard output and error.
#[derive(Clone)]
struct Output(Arc<Mutex<Meter>>);

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    /// For WASI 0.1 and 0.3, which are not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_output(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}
