#![doc = include_str!("../README.md")]

mod bus_recorder;
mod statements;
mod test_database;
mod test_shops;

pub use bus_recorder::BusRecorder;
pub use statements::Statements;
pub use test_database::TestDatabase;
pub use test_shops::TestShops;

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
}
