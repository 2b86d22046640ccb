//! How the engine is set up, and what its pool of instances holds.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::{EngineError, EngineOptions};

/// What computing may take of the stack. Of the 2 MiB of a call's stack, the rest is the host's.
const WASM_STACK: usize = 512 << 10;

/// What a component is made of: a Rust guest of one core module and two small ones that connect it,
/// a Python guest of some thirty.
const CORE_INSTANCES: u32 = 8;
const MOST_CORE_INSTANCES: u32 = 64;
const TABLES: u32 = 4;
const MOST_TABLES: u32 = 64;
const MOST_MEMORIES: u32 = 2;

/// Memory of an instance that is zeroed instead of given back: giving it back costs more.
const RESIDENT: usize = 64 << 10;

/// An engine, and whether it has a pool.
pub(super) fn engine(options: &EngineOptions) -> Result<(Engine, bool), EngineError> {
    let pool = InstanceAllocationStrategy::Pooling(pool(options));
    match Engine::new(config().allocation_strategy(pool)) {
        Ok(engine) => Ok((engine, true)),
        Err(error) => {
            tracing::warn!(
                error = %format_args!("{error:#}"),
                "no pool for instances of modules; each is made on demand, which takes longer",
            );
            let engine = Engine::new(&config())
                .map_err(|error| EngineError::Unsupported { reason: format!("{error:#}") })?;
            Ok((engine, false))
        }
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        // For components that wait for several things at once, which ours do not; it costs 1 us a
        // call.
        .concurrency_support(false)
        // No component needs these; each is more to get wrong.
        .wasm_memory64(false);
    config
}

fn pool(options: &EngineOptions) -> PoolingAllocationConfig {
    let calls = options.max_instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(MOST_CORE_INSTANCES)
        .total_memories(calls.saturating_mul(MOST_MEMORIES))
        .max_memories_per_component(MOST_MEMORIES)
        .total_tables(calls.saturating_mul(TABLES))
        .max_tables_per_component(MOST_TABLES)
        .max_memory_size((options.max_memory_mib as usize) << 20)
        .linear_memory_keep_resident(RESIDENT)
        .table_keep_resident(RESIDENT);
    pool
}
