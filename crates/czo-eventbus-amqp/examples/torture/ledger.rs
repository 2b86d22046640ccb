//! What was published and what was handled, compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::book::{Book, Entry, GROUPS, Group, State};
use super::harm::Harm;

/// What must not happen at all.
const NEVER: [&str; 10] = [
    "lost",
    "out_of_order",
    "bindings_added",
    "bindings_gone",
    "letters_missing",
    "letters_strange",
    "strangers",
    "stuck",
    "harms_unseen",
    "harms_missing",
];

/// What the torture saw beside the book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sights {
    pub(crate) bindings_before: Vec<String>,
    pub(crate) bindings_after: Vec<String>,
    pub(crate) letters: Vec<Letter>,
    /// What was done, how often, and was seen to have happened.
    pub(crate) harms: BTreeMap<Harm, u64>,
    /// What was done, and had no effect that could be seen.
    pub(crate) unseen: Vec<Harm>,
    /// What there was time for, and did not happen.
    pub(crate) missing: Vec<Harm>,
    /// After what something that was confirmed before was not handled for long.
    pub(crate) stuck: Vec<String>,
}

/// A dead letter.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) group: &'static str,
    pub(crate) id: Option<Uuid>,
    pub(crate) is_event: bool,
    pub(crate) reason: String,
}

/// Published, confirmed, handled, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    figures: Vec<(&'static str, u64)>,
    /// For people: what was wrong, the dead letters, the bindings.
    pub(crate) notes: Vec<String>,
}

impl Ledger {
    pub(crate) fn of(book: &Book, sights: &Sights) -> Self {
        let state = book.lock();
        let mut ledger = Self::default();
        let entries = || state.keys.iter().flatten();
        let handled = entries().filter(|entry| entry.first.iter().all(Option::is_some)).count();
        let again =
            |entry: &Entry| entry.times.iter().map(|times| times.saturating_sub(1)).sum::<u32>();
        let duplicated: u32 = entries().map(again).sum();
        ledger.set("published", state.published);
        ledger.set("confirmed", state.confirmed);
        ledger.set("refused", state.refused);
        ledger.set("handled", handled);
        let lost = lost(&state, &mut ledger.notes);
        ledger.set("lost", lost);
        ledger.set("duplicated", duplicated);
        let out_of_order = out_of_order(&state.keys, &mut ledger.notes);
        ledger.set("out_of_order", out_of_order);
        ledger.set("strangers", state.strangers);
        ledger.set("stuck", sights.stuck.len());
        ledger.bindings(sights);
        ledger.letters(&state.hostile, &sights.letters);
        ledger.harms(sights);
        ledger
    }

    fn bindings(&mut self, sights: &Sights) {
        let Sights { bindings_before: before, bindings_after: after, .. } = sights;
        let added = without(after, before);
        let gone = without(before, after);
        self.set("bindings_before", before.len());
        self.set("bindings_after", after.len());
        self.set("bindings_added", added.len());
        self.set("bindings_gone", gone.len());
        self.notes.extend(added.iter().map(|binding| format!("a binding came to be: {binding}")));
        self.notes.extend(gone.iter().map(|binding| format!("a binding is gone: {binding}")));
    }

    /// Every message that is no event is to be a dead letter of each group, and nothing else is.
    fn letters(&mut self, hostile: &HashMap<Uuid, Harm>, letters: &[Letter]) {
        let mut found = HashSet::new();
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        let mut strange = 0;
        for letter in letters {
            let Letter { group, id, is_event, reason } = letter;
            *reasons.entry(format!("{group}: {reason}")).or_default() += 1;
            match id {
                Some(id) if !is_event && hostile.contains_key(id) => {
                    found.insert((*group, *id));
                }
                _ => strange += 1,
            }
        }
        self.set("letters", letters.len());
        self.set("letters_missing", hostile.len() * GROUPS.len() - found.len());
        self.set("letters_strange", strange);
        let told = |(reason, count)| format!("{count} dead letters of {reason}");
        self.notes.extend(reasons.into_iter().map(told));
    }

    fn harms(&mut self, sights: &Sights) {
        self.set("harms", sights.harms.values().sum::<u64>());
        for (harm, count) in &sights.harms {
            self.set(harm.name(), *count);
        }
        self.set("harms_unseen", sights.unseen.len());
        self.set("harms_missing", sights.missing.len());
        let unseen = sights.unseen.iter().map(|harm| format!("{} was not seen", harm.name()));
        let missing = sights.missing.iter().map(|harm| format!("{} never was", harm.name()));
        self.notes.extend(unseen.chain(missing));
        self.notes.extend(sights.stuck.iter().cloned());
    }

    fn set(&mut self, name: &'static str, value: impl TryInto<u64>) {
        self.figures.push((name, value.try_into().unwrap_or(u64::MAX)));
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.figures().find(|(known, _)| *known == name).map_or(0, |(_, value)| value)
    }

    /// All figures, in the order in which a person reads them.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&'static str, u64)> + Clone {
        self.figures.iter().copied()
    }

    /// What must not have happened and did.
    pub(crate) fn faults(&self) -> Vec<String> {
        let broken = NEVER.iter().filter(|name| self.get(name) > 0);
        broken.map(|name| format!("{name}: {}", self.get(name))).collect()
    }
}

/// How many examples are told of each fault.
const EXAMPLES: usize = 10;

/// How often an event that is confirmed was not handled by a group.
fn lost(state: &State, notes: &mut Vec<String>) -> usize {
    let mut lost = 0;
    for group in GROUPS {
        let open = &state.open[group.place()];
        lost += open.len();
        let told = |(key, number)| format!("{} never had event {number} of {key}", group.name());
        notes.extend(open.iter().copied().take(EXAMPLES).map(told));
    }
    lost
}

/// How many events the ordered group first handled before one of the same key that was published
/// earlier, or after one that was published later.
fn out_of_order(keys: &[Vec<Entry>], notes: &mut Vec<String>) -> usize {
    let place = Group::Ordered.place();
    let mut count = 0;
    for (key, events) in keys.iter().enumerate() {
        // The last place of all earlier steps, and of the step that is looked at.
        let (mut before, mut now, mut step) = (None, None, None);
        for (number, entry) in events.iter().enumerate() {
            if step != Some(entry.step) {
                before = before.max(now);
                (now, step) = (None, Some(entry.step));
            }
            let Some(first) = entry.first[place] else { continue };
            if before.is_some_and(|before| first < before) {
                count += 1;
                if count <= EXAMPLES {
                    notes.push(format!("event {number} of {key} came too early"));
                }
            }
            now = now.max(Some(first));
        }
    }
    count
}

/// What is in the one and not in the other, as often as it is there more often.
fn without(these: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut left = these.to_vec();
    left.retain(|this| match others.iter().position(|other| other == this) {
        Some(place) => {
            others.swap_remove(place);
            false
        }
        None => true,
    });
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(book: &Book) -> Ledger {
        Ledger::of(book, &Sights::default())
    }

    fn handled(book: &Book, numbers: &[u32]) {
        for number in numbers {
            GROUPS.iter().for_each(|group| book.handled(0, *group, (0, *number)));
        }
    }

    #[test]
    fn events_in_order_are_no_fault_however_often_they_come() {
        let book = Book::new(1);
        book.confirmed(0, book.publish(0, 3));
        handled(&book, &[0, 1, 0, 2, 1]);
        assert_eq!(ledger(&book).faults(), [""; 0]);
        assert_eq!((ledger(&book).get("handled"), ledger(&book).get("duplicated")), (3, 4));
    }

    #[test]
    fn what_is_missing_is_lost_once_it_is_confirmed() {
        let book = Book::new(1);
        let range = book.publish(0, 2);
        handled(&book, &[0]);
        assert_eq!(ledger(&book).faults(), [""; 0]);
        book.confirmed(0, range);
        assert_eq!(ledger(&book).faults(), ["lost: 2"]);
        book.handled(0, Group::Plain, (0, 1));
        assert_eq!(ledger(&book).faults(), ["lost: 1"]);
    }

    #[test]
    fn what_overtakes_is_counted_in_the_group_that_keeps_order() {
        let book = Book::new(1);
        book.confirmed(0, book.publish(0, 3));
        handled(&book, &[0, 2, 1]);
        assert_eq!(ledger(&book).faults(), ["out_of_order: 1"]);
    }

    #[test]
    fn a_batch_that_failed_at_first_has_no_order_in_itself_and_keeps_its_place() {
        let book = Book::new(1);
        book.confirmed(0, book.publish(0, 1));
        let batch = book.publish(0, 3);
        book.refused(0, &batch);
        book.confirmed(0, batch);
        book.confirmed(0, book.publish(0, 1));
        handled(&book, &[0, 3, 1, 2, 4]);
        assert_eq!(ledger(&book).faults(), [""; 0]);

        let book = Book::new(1);
        let batch = book.publish(0, 2);
        book.refused(0, &batch);
        book.confirmed(0, batch);
        book.confirmed(0, book.publish(0, 1));
        handled(&book, &[1, 2, 0]);
        assert_eq!(ledger(&book).faults(), ["out_of_order: 1"]);
    }

    #[test]
    fn what_nobody_published_and_what_nobody_buried_is_counted() {
        let book = Book::new(1);
        book.handled(0, Group::Plain, (0, 7));
        let id = Uuid::from_u128(1);
        book.is_hostile(id, Harm::Malformed);
        let letter = |group: Group, id, is_event| Letter {
            group: group.name(),
            id: Some(id),
            is_event,
            reason: "no event".to_owned(),
        };
        let letters = vec![
            letter(Group::Plain, id, false),
            letter(Group::Plain, id, false),
            letter(Group::Ordered, Uuid::from_u128(2), true),
        ];
        let faults = Ledger::of(&book, &Sights { letters, ..Sights::default() }).faults();
        assert_eq!(faults, ["letters_missing: 1", "letters_strange: 1", "strangers: 1"]);
    }

    #[test]
    fn a_binding_that_is_there_twice_was_added() {
        let binding = |name: &str| name.to_owned();
        let sights = Sights {
            bindings_before: vec![binding("one"), binding("two")],
            bindings_after: vec![binding("one"), binding("one")],
            ..Sights::default()
        };
        let faults = Ledger::of(&Book::new(1), &sights).faults();
        assert_eq!(faults, ["bindings_added: 1", "bindings_gone: 1"]);
    }
}
