//! A module for benchmarks: it does next to nothing.

use czo_module_sdk::prelude::*;
use serde::Deserialize;

struct Probe;

/// How much the event asks for.
#[derive(Deserialize)]
struct Work {
    /// How often to ask the server for the time.
    #[serde(default)]
    calls: u32,
}

impl EventHandler for Probe {
    /// Answers at once, after as many calls of the server as the event asks for.
    fn handle(event: Event) -> Result<(), Failure> {
        let work: Work = event.decode()?;
        for _ in 0..work.calls {
            std::hint::black_box(clock::now_ms());
        }
        Ok(())
    }
}

czo_module_sdk::export!(Probe: EventHandler);
