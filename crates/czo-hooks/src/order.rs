//! In which order hooks run.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

use crate::chain::Options;

/// What decides where a hook runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rank<'a> {
    pub(crate) name: &'a str,
    pub(crate) priority: i32,
    pub(crate) runs_before: &'a [String],
    pub(crate) runs_after: &'a [String],
}

impl<'a> Rank<'a> {
    pub(crate) fn of(options: &'a Options) -> Self {
        let Options { name, priority, runs_before, runs_after, .. } = options;
        Self { name, priority: *priority, runs_before, runs_after }
    }
}

/// The order: of the hooks that need not wait for another, the one of the highest priority goes
/// first; of several, the one whose name is first. So it depends on what the hooks say and not on
/// when they were registered. Names that no hook has are passed over.
///
/// # Errors
///
/// A circle of names, each of which would have to run before the next; it starts with the
/// earliest of `hooks` that is in one.
pub(crate) fn order(hooks: &[Rank<'_>]) -> Result<Vec<usize>, Vec<String>> {
    let places: HashMap<&str, usize> =
        hooks.iter().enumerate().map(|(at, hook)| (hook.name, at)).collect();
    let mut later: Vec<Vec<usize>> = vec![Vec::new(); hooks.len()];
    let mut waits_for = vec![0_usize; hooks.len()];
    let mut first_then = |first: usize, then: usize| {
        later[first].push(then);
        waits_for[then] += 1;
    };
    for (at, hook) in hooks.iter().enumerate() {
        for name in hook.runs_before {
            places.get(name.as_str()).iter().for_each(|&&then| first_then(at, then));
        }
        for name in hook.runs_after {
            places.get(name.as_str()).iter().for_each(|&&first| first_then(first, at));
        }
    }

    let turn = |at: usize| (hooks[at].priority, Reverse(hooks[at].name), at);
    let mut ready: BinaryHeap<_> =
        (0..hooks.len()).filter(|&at| waits_for[at] == 0).map(turn).collect();
    let mut ordered = Vec::with_capacity(hooks.len());
    while let Some((_, _, at)) = ready.pop() {
        ordered.push(at);
        for &then in &later[at] {
            waits_for[then] -= 1;
            if waits_for[then] == 0 {
                ready.push(turn(then));
            }
        }
    }
    if ordered.len() == hooks.len() {
        return Ok(ordered);
    }
    Err(circle(&later).iter().map(|&at| hooks[at].name.to_owned()).collect())
}

/// The shortest way from a hook back to itself, for the earliest one that has such a way.
fn circle(later: &[Vec<usize>]) -> Vec<usize> {
    let found = (0..later.len()).find_map(|start| {
        // Breadth first; for each hook reached, the one it was reached from.
        let mut from: HashMap<usize, usize> = HashMap::new();
        let mut reached = vec![start];
        let mut looked_at = 0;
        while let Some(&at) = reached.get(looked_at) {
            looked_at += 1;
            for &then in &later[at] {
                if then == start {
                    let mut way = vec![at];
                    while let Some(&before) = from.get(&way[way.len() - 1]) {
                        way.push(before);
                    }
                    way.reverse();
                    return Some(way);
                }
                if let Entry::Vacant(place) = from.entry(then) {
                    place.insert(at);
                    reached.push(then);
                }
            }
        }
        None
    });
    found.expect("hooks that all wait for another wait in a circle")
}
