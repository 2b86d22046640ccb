//! What may be set about a GraphQL face.

/// What a query and its answer may cost. Beyond these stand the fixed bounds `MAX_…` of this
/// crate, which no honest query meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphqlOptions {
    /// How deep selections may be nested. Default 20: what GraphiQL needs to read the schema.
    pub max_depth: usize,
    /// How many fields a query may ask for, with its fragments written out; and how many where
    /// a field inside a page counts once for each entry that the page may have, and one that
    /// asks the database counts 100. Default 10,000.
    pub max_complexity: usize,
    /// How many fields an answer may have, counted while it is made: lists with all their
    /// entries, a text once for each 64 bytes, a call to the database as 100. It bounds the
    /// memory of a request, to some 10 MB for the default of 100,000.
    pub max_answer_fields: usize,
    /// Whether the schema may be read. Default yes.
    pub introspection: bool,
}

impl Default for GraphqlOptions {
    fn default() -> Self {
        Self {
            max_depth: 20,
            max_complexity: 10_000,
            max_answer_fields: 100_000,
            introspection: true,
        }
    }
}
