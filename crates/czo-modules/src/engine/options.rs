//! What an engine is made with.

use std::path::PathBuf;

/// What an engine is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where machine code is kept between runs. Whoever may write there may run what they like: it
    /// is made for the server's user only. Default none: everything is compiled anew.
    pub cache_dir: Option<PathBuf>,
    /// How many calls run at the same time, of all modules together; kept instances count. Default
    /// 1,000.
    pub max_instances: u32,
    /// The most memory that the limits of a module may ask for, in MiB. Default 256.
    pub max_memory_mib: u32,
    /// The most memory of all instances together, in MiB; where there is no more, calls are
    /// [busy](crate::CallError::Busy). Default 1,024.
    pub total_memory_mib: u32,
    /// The largest component, in bytes. Default 32 MiB.
    pub max_component_bytes: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            cache_dir: None,
            max_instances: 1_000,
            max_memory_mib: 256,
            total_memory_mib: 1_024,
            max_component_bytes: 32 << 20,
        }
    }
}
