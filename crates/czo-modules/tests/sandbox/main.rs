//! The sandbox with real components: the hostile one of `examples/modules` does what it is told to,
//! and is stopped.
//!
//! `cargo xtask modules` builds them; `CZO_TEST_MODULES` says where they are, when not in
//! `target/modules`.

mod code;
mod floods;
mod grants;
mod guest;
mod host;
mod kept;
mod many;
mod stops;
