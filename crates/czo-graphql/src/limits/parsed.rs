//! Queries that were parsed before: a shop asks the same few over and over.

use std::fmt;
use std::sync::Arc;

use async_graphql::Request;
use async_graphql::parser::types::ExecutableDocument;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// The text of all queries together, in bytes. What is kept of a text takes about ten times as
/// much.
const CAPACITY_BYTES: u64 = 1024 * 1024;

/// How many queries there are likely to be.
const LIKELY_QUERIES: usize = 256;

/// Queries that were parsed before, by their text. Shared between clones.
#[derive(Clone)]
pub(crate) struct ParsedQueries(Arc<Cache<String, Arc<ExecutableDocument>, TextLength>>);

#[derive(Clone)]
struct TextLength;

impl Weighter<String, Arc<ExecutableDocument>> for TextLength {
    fn weight(&self, text: &String, _: &Arc<ExecutableDocument>) -> u64 {
        u64::try_from(text.len()).unwrap_or(u64::MAX).max(1)
    }
}

impl ParsedQueries {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Cache::with_weighter(LIKELY_QUERIES, CAPACITY_BYTES, TextLength)))
    }

    /// Hands the request its query, if that was parsed before.
    pub(super) fn recall(&self, request: &mut Request) -> bool {
        match self.0.get(&request.query) {
            Some(document) => {
                request.set_parsed_query(ExecutableDocument::clone(&document));
                true
            }
            None => false,
        }
    }

    /// Keeps a query that is within the limits.
    pub(super) fn keep(&self, text: String, document: Arc<ExecutableDocument>) {
        self.0.insert(text, document);
    }
}

impl fmt::Debug for ParsedQueries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParsedQueries").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
