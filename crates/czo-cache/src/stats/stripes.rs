//! A number that many threads raise, each its own part of it.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many threads have a stripe to themselves.
const OWNED: usize = 63;

/// A number that many threads raise. Each of the first threads has a stripe to itself, which it raises
/// without locking the bus; all others share one.
#[derive(Debug)]
pub(super) struct Stripes {
    stripes: Box<[Stripe; OWNED + 1]>,
}

/// Alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

impl Stripes {
    pub(super) fn new() -> Self {
        Self { stripes: Box::new(std::array::from_fn(|_| Stripe::default())) }
    }

    /// Adds one; returns what this thread's stripe is then.
    #[inline]
    pub(super) fn add(&self) -> u64 {
        let place = Place::mine();
        let stripe = &self.stripes[place].0;
        if place == OWNED {
            return stripe.fetch_add(1, Ordering::Relaxed) + 1;
        }
        // Nobody else writes it.
        let now = stripe.load(Ordering::Relaxed) + 1;
        stripe.store(now, Ordering::Relaxed);
        now
    }

    pub(super) fn sum(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.0.load(Ordering::Relaxed)).sum()
    }
}

/// The stripes that no living thread has, and how many there were ever given out.
static FREE: Mutex<(Vec<usize>, usize)> = Mutex::new((Vec::new(), 0));

/// The stripe of a thread. It is another's when the thread has ended.
struct Place(Cell<usize>);

thread_local! {
    static PLACE: Place = Place::take();
}

impl Place {
    fn take() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match free.0.pop() {
            Some(place) => place,
            None if free.1 < OWNED => {
                free.1 += 1;
                free.1 - 1
            }
            None => OWNED,
        };
        Self(Cell::new(place))
    }

    #[inline]
    fn mine() -> usize {
        // A thread that is ending has none any more.
        PLACE.try_with(|place| place.0.get()).unwrap_or(OWNED)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let place = self.0.get();
        if place < OWNED {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).0.push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn no_step_of_more_threads_than_there_are_stripes_is_lost() {
        let stripes = Arc::new(Stripes::new());
        for _ in 0..3 {
            let threads: Vec<_> = (0..100)
                .map(|_| {
                    let stripes = stripes.clone();
                    std::thread::spawn(move || (0..1_000).for_each(|_| _ = stripes.add()))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        assert_eq!(stripes.sum(), 300_000);
    }
}
