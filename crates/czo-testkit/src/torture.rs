//! What the tortures share: chance, processes with a part to play, and what they print.

mod actor;
mod dice;
mod report;

pub use actor::{Actor, perform, signal};
pub use dice::Dice;
pub use report::{Bar, print_figures};
