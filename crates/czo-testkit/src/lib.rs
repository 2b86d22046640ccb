#![doc = include_str!("../README.md")]

pub mod bus_conformance;
mod bus_recorder;
pub mod cache_conformance;
mod committed_events;
#[cfg(feature = "broker")]
mod foreign_client;
pub mod job_conformance;
mod statements;
mod tcp_proxy;
#[cfg(feature = "broker")]
mod test_broker;
mod test_database;
mod test_shops;
#[cfg(feature = "broker")]
mod tool_error;
#[cfg(feature = "torture")]
pub mod torture;

pub use bus_conformance::BusUnderTest;
pub use bus_recorder::BusRecorder;
pub use cache_conformance::{CacheTest, CacheUnderTest};
pub use committed_events::CommittedEvents;
#[cfg(feature = "broker")]
pub use foreign_client::ForeignClient;
pub use job_conformance::{JobTest, JobsUnderTest};
pub use statements::Statements;
pub use tcp_proxy::TcpProxy;
#[cfg(feature = "broker")]
pub use test_broker::{TestBroker, TestBrokerOptions};
pub use test_database::TestDatabase;
pub use test_shops::TestShops;
#[cfg(feature = "broker")]
pub use tool_error::ToolError;

/// What the macros of this crate write. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use tokio;

    /// Runs a test to its end on a runtime of its own.
    pub fn block_on<F: Future<Output = ()>>(test: F) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime for the test")
            .block_on(test);
    }

    /// Runs a test to its end on one thread, where time passes when nothing else happens.
    pub fn virtual_time<F: Future<Output = ()>>(test: F) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime for the test")
            .block_on(test);
    }

    /// Runs a test to its end in real time. What was logged as a warning or worse is shown with a
    /// test that fails.
    pub fn real_time<F: Future<Output = ()>>(test: F) {
        let log =
            tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
        // Another test of this process may have set it up.
        let _ = log.with_test_writer().with_ansi(false).try_init();
        block_on(test);
    }
}
