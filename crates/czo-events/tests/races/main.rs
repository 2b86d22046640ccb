//! Every order in which threads may register, emit and unregister, as far as `shuttle` finds them.
//!
//! The file under test is compiled here a second time, on shuttle's locks and atomics.

#[path = "../../src/listeners.rs"]
mod listeners;

/// The twin of `src/sync.rs`.
mod sync {
    use std::sync::Arc;

    pub(crate) use shuttle::sync::Mutex;
    pub(crate) use shuttle::sync::atomic::{AtomicBool, Ordering};

    /// What `ArcSwapOption` does, as one step that others may come before or after.
    pub(crate) struct Snapshot<T>(Mutex<Option<Arc<T>>>);

    impl<T> Default for Snapshot<T> {
        fn default() -> Self {
            Self(Mutex::new(None))
        }
    }

    impl<T> Snapshot<T> {
        pub(crate) fn get(&self) -> Option<Arc<T>> {
            self.0.lock().expect("nobody panics with it").clone()
        }

        pub(crate) fn set(&self, value: Option<Arc<T>>) {
            *self.0.lock().expect("nobody panics with it") = value;
        }
    }
}

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::thread;

use self::listeners::Listeners;

type Handler = dyn Fn() + Send + Sync;

const SCHEDULES: usize = 5_000;

/// Calls everybody, as the emitter does.
fn emit(listeners: &Listeners<Handler>) -> usize {
    let current = listeners.current();
    let (mut called, mut forget) = (0, false);
    for listener in current.iter().filter(|listener| listener.is_called()) {
        forget |= listener.is_once();
        (listener.handler)();
        called += 1;
    }
    if forget {
        listeners.forget();
    }
    called
}

#[test]
fn who_is_registered_before_an_event_is_called_for_it() {
    shuttle::check_random(
        || {
            let listeners = Arc::new(Listeners::<Handler>::default());
            // Somebody reads meanwhile, and may remember what was true before.
            let reader = {
                let listeners = listeners.clone();
                thread::spawn(move || emit(&listeners))
            };
            let called = Arc::new(AtomicUsize::new(0));
            let counter = called.clone();
            let count = move || {
                counter.fetch_add(1, Ordering::SeqCst);
            };
            listeners.add(Box::new(count), false);
            let before = called.load(Ordering::SeqCst);
            emit(&listeners);
            assert!(called.load(Ordering::SeqCst) > before);
            reader.join().expect("the reader does not panic");
        },
        SCHEDULES,
    );
}

#[test]
fn once_it_is_removed_no_call_of_it_begins() {
    shuttle::check_random(
        || {
            let listeners = Arc::new(Listeners::<Handler>::default());
            let removed = Arc::new(AtomicBool::new(false));
            let late = Arc::new(AtomicBool::new(false));
            let listener = {
                let (removed, late) = (removed.clone(), late.clone());
                listeners.add(
                    Box::new(move || {
                        late.fetch_or(removed.load(Ordering::SeqCst), Ordering::SeqCst);
                    }),
                    false,
                )
            };
            // The call itself may be under way, so whether it began is asked, not when it ends.
            let began = {
                let (listeners, removed) = (listeners.clone(), removed.clone());
                thread::spawn(move || {
                    let is_removed = removed.load(Ordering::SeqCst);
                    let called = listeners.current().iter().any(|listener| listener.is_called());
                    assert!(!(is_removed && called), "called after it was removed");
                })
            };
            listeners.remove(&listener);
            removed.store(true, Ordering::SeqCst);
            assert_eq!(emit(&listeners), 0);
            assert!(!late.load(Ordering::SeqCst));
            began.join().expect("the assertion holds");
        },
        SCHEDULES,
    );
}

#[test]
fn who_listens_once_is_called_once_by_all_threads_together() {
    shuttle::check_random(
        || {
            let listeners = Arc::new(Listeners::<Handler>::default());
            listeners.add(Box::new(|| {}), true);
            let emitting: Vec<_> = (0..3)
                .map(|_| {
                    let listeners = listeners.clone();
                    thread::spawn(move || emit(&listeners))
                })
                .collect();
            let called: usize = emitting
                .into_iter()
                .map(|thread| thread.join().expect("emitting does not panic"))
                .sum();
            assert_eq!(called, 1);
            assert!(listeners.current().is_empty());
        },
        SCHEDULES,
    );
}

#[test]
fn whoever_comes_and_goes_the_list_ends_as_those_who_stayed() {
    shuttle::check_random(
        || {
            let listeners = Arc::new(Listeners::<Handler>::default());
            let threads: Vec<_> = (0..3)
                .map(|number| {
                    let listeners = listeners.clone();
                    thread::spawn(move || {
                        let listener = listeners.add(Box::new(|| {}), false);
                        emit(&listeners);
                        if number > 0 {
                            listeners.remove(&listener);
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("nothing panics");
            }
            assert_eq!(emit(&listeners), 1);
            assert_eq!(listeners.current().len(), 1);
            listeners.clear();
            assert_eq!(emit(&listeners), 0);
        },
        SCHEDULES,
    );
}
