//! Many patterns at once.

use std::collections::HashMap;
use std::fmt;

use super::topic_pattern::Word;
use super::{EventType, TopicPattern};

/// Values under topic patterns, found by event type: as if every pattern were asked, in time that
/// does not depend on how many there are.
///
/// It is an automaton with a state for each beginning of a pattern. An event type is read once,
/// and only the states that its segments lead to are looked at: a handful, since what is not a
/// wildcard leads to one state only.
///
/// ```
/// use czo_core::{EventType, TopicTrie};
///
/// let mut listeners = TopicTrie::new();
/// listeners.insert(&"product.#".parse()?, "search");
/// listeners.insert(&"order.*.paid".parse()?, "mail");
///
/// let created = EventType::from_static("product.item.created");
/// assert_eq!(listeners.matching(&created).collect::<Vec<_>>(), [&"search"]);
/// # Ok::<(), czo_core::TopicPatternError>(())
/// ```
#[derive(Clone)]
pub struct TopicTrie<T> {
    states: Vec<State<T>>,
    len: usize,
}

#[derive(Clone)]
struct State<T> {
    /// Where a word leads.
    literals: HashMap<Box<str>, usize>,
    /// Where any one word leads.
    any_one: Option<usize>,
    /// The state that this one is also, since `#` may stand for nothing.
    any_number: Option<usize>,
    /// Whether any word leads here again: the state of a `#`.
    stays: bool,
    values: Vec<T>,
}

impl<T> State<T> {
    fn new(stays: bool) -> Self {
        let (literals, values) = (HashMap::new(), Vec::new());
        Self { literals, any_one: None, any_number: None, stays, values }
    }
}

impl<T> Default for TopicTrie<T> {
    fn default() -> Self {
        Self { states: vec![State::new(false)], len: 0 }
    }
}

impl<T> TopicTrie<T> {
    /// One without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds `value` under `pattern`, beside those that are there.
    pub fn insert(&mut self, pattern: &TopicPattern, value: T) {
        let end = pattern.words().iter().fold(0, |state, word| self.step(state, word));
        self.states[end].values.push(value);
        self.len += 1;
    }

    /// Takes out the values under `pattern` that `gone` is true of, and says how many. The memory
    /// of the pattern itself is kept, for the next value under it.
    pub fn remove(&mut self, pattern: &TopicPattern, mut gone: impl FnMut(&T) -> bool) -> usize {
        let mut words = pattern.words().iter();
        let end = words.try_fold(0, |state, word| self.states[state].next(word));
        let Some(end) = end else { return 0 };
        let values = &mut self.states[end].values;
        let before = values.len();
        values.retain(|value| !gone(value));
        let removed = before - values.len();
        self.len -= removed;
        removed
    }

    /// The values of every pattern that wants this type, each once, those of one pattern in the
    /// order they were added.
    pub fn matching(&self, event_type: &EventType) -> impl Iterator<Item = &T> {
        let mut live = Vec::with_capacity(8);
        self.enter(0, &mut live);
        let mut next = Vec::with_capacity(8);
        for segment in event_type.segments() {
            for &at in &live {
                let state = &self.states[at];
                if state.stays {
                    self.enter(at, &mut next);
                }
                let followers = [state.literals.get(segment).copied(), state.any_one];
                followers.into_iter().flatten().for_each(|state| self.enter(state, &mut next));
            }
            std::mem::swap(&mut live, &mut next);
            next.clear();
        }
        live.into_iter().flat_map(|at| &self.states[at].values)
    }

    /// Adds a state, and those it is also, unless they are there.
    fn enter(&self, state: usize, live: &mut Vec<usize>) {
        let mut entered = Some(state);
        while let Some(state) = entered.filter(|state| !live.contains(state)) {
            live.push(state);
            entered = self.states[state].any_number;
        }
    }

    /// The state behind a word, made if there is none.
    fn step(&mut self, from: usize, word: &Word) -> usize {
        if let Some(known) = self.states[from].next(word) {
            return known;
        }
        let made = self.states.len();
        self.states.push(State::new(matches!(word, Word::AnyNumber)));
        let state = &mut self.states[from];
        match word {
            Word::Literal(text) => {
                state.literals.insert(text.as_str().into(), made);
            }
            Word::AnyOne => state.any_one = Some(made),
            Word::AnyNumber => state.any_number = Some(made),
        }
        made
    }
}

impl<T> State<T> {
    fn next(&self, word: &Word) -> Option<usize> {
        match word {
            Word::Literal(text) => self.literals.get(text.as_str()).copied(),
            Word::AnyOne => self.any_one,
            Word::AnyNumber => self.any_number,
        }
    }
}

impl<T> fmt::Debug for TopicTrie<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicTrie")
            .field("values", &self.len)
            .field("states", &self.states.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::topic_pattern::tests::{reference, segment, word};
    use super::*;

    proptest! {
        /// Some values are taken out again, so that what is left behind is looked at too.
        #[test]
        fn finds_what_every_single_pattern_would(
            patterns in prop::collection::vec(
                (prop::collection::vec(word(), 1..6), any::<bool>()), 0..40
            ),
            segments in prop::collection::vec(segment(), 3),
        ) {
            let mut trie = TopicTrie::new();
            let parsed: Vec<TopicPattern> =
                patterns.iter().map(|(words, _)| words.join(".").parse().unwrap()).collect();
            for (number, pattern) in parsed.iter().enumerate() {
                trie.insert(pattern, number);
            }
            for (number, (pattern, (_, stays))) in parsed.iter().zip(&patterns).enumerate() {
                if !stays {
                    prop_assert_eq!(trie.remove(pattern, |value| *value == number), 1);
                }
            }
            let event_type: EventType = segments.join(".").parse().unwrap();
            let mut found: Vec<_> = trie.matching(&event_type).copied().collect();
            found.sort_unstable();
            let expected: Vec<_> = (0..patterns.len())
                .filter(|number| patterns[*number].1)
                .filter(|number| reference(&patterns[*number].0, &segments))
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(trie.len(), patterns.iter().filter(|(_, stays)| *stays).count());
        }
    }

    #[test]
    fn what_was_never_added_is_not_taken_out() {
        let mut trie = TopicTrie::new();
        trie.insert(&"a.#".parse().unwrap(), 1);
        assert_eq!(trie.remove(&"a.*".parse().unwrap(), |_| true), 0);
        assert_eq!(trie.remove(&"a.#".parse().unwrap(), |value| *value == 2), 0);
        assert_eq!(trie.len(), 1);
    }
}
