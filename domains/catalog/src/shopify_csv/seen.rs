//! What stood in the file before.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Remembers on which line each of many texts stood, in the same few bytes for every text.
///
/// Texts are known by a hash of 128 bits with secret keys, so that two texts are taken for one
/// only by an accident that no file will see, and nobody can prepare.
#[derive(Debug)]
pub(super) struct Seen {
    max: usize,
    lines: HashMap<[u64; 2], u64>,
    hashers: [RandomState; 2],
}

impl Seen {
    /// Nothing yet, and never more than `max` texts if the caller asks for [`room`](Self::room).
    pub(super) fn at_most(max: usize) -> Self {
        Self { max, lines: HashMap::new(), hashers: Default::default() }
    }

    pub(super) fn line_of(&self, text: &[u8]) -> Option<u64> {
        self.lines.get(&self.key(text)).copied()
    }

    pub(super) fn insert(&mut self, text: &[u8], line: u64) {
        self.lines.insert(self.key(text), line);
    }

    /// How many more texts it may remember.
    pub(super) fn room(&self) -> usize {
        self.max.saturating_sub(self.lines.len())
    }

    fn key(&self, text: &[u8]) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(text))
    }
}
