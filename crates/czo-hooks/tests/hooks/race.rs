//! Registering, unregistering and reading under many schedules.
//!
//! What is compiled here is the file of the crate, with shuttle's parts in place of its own.

use std::convert::Infallible;
use std::sync::Arc;

use shuttle::{check_random, thread};

use self::published::{Published, Update};

#[path = "../../src/published.rs"]
mod published;

const SCHEDULES: usize = 2_000;

/// Names of hooks, as good as hooks here.
type Names = Published<Vec<u32>>;

fn change(names: &Names, change: impl FnOnce(&mut Vec<u32>)) {
    let Ok(()) = names.update(|before| {
        let mut value = before.clone();
        change(&mut value);
        Ok::<_, Infallible>(Update { occupied: !value.is_empty(), value })
    });
}

fn register(names: &Names, name: u32) {
    change(names, |names| names.push(name));
}

fn unregister(names: &Names, name: u32) {
    change(names, |names| names.retain(|known| *known != name));
}

fn sees(names: &Names, name: u32) -> bool {
    names.read().is_some_and(|names| names.contains(&name))
}

#[test]
fn who_has_registered_is_seen_and_who_has_gone_is_not() {
    let race = || {
        let names = Arc::new(Names::vacant(Vec::new()));
        let threads: Vec<_> = (0..3)
            .map(|name| {
                let names = names.clone();
                thread::spawn(move || {
                    register(&names, name);
                    assert!(sees(&names, name), "registered, and not seen");
                    unregister(&names, name);
                    assert!(!sees(&names, name), "gone, and still seen");
                    register(&names, name);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let mut left = names.read().unwrap().to_vec();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2], "an update was lost");
    };
    check_random(race, SCHEDULES);
}

#[test]
fn a_run_sees_whole_updates_in_their_order_and_keeps_what_it_read() {
    let race = || {
        let names = Arc::new(Names::vacant(Vec::new()));
        let writer = thread::spawn({
            let names = names.clone();
            move || {
                for name in 0..3 {
                    change(&names, |names| names.extend([name, name]));
                }
            }
        });
        let mut longest = 0;
        for _ in 0..4 {
            let Some(read) = names.read() else {
                assert_eq!(longest, 0, "what was there is gone");
                continue;
            };
            let as_read = read.to_vec();
            assert!(read.len() % 2 == 0 && read.len() >= longest, "{read:?}");
            longest = read.len();
            thread::yield_now();
            assert_eq!(*read, as_read);
        }
        writer.join().unwrap();
        assert_eq!(names.current().len(), 6);
        assert!(names.is_occupied());
    };
    check_random(race, SCHEDULES);
}

#[test]
fn a_refused_update_changes_nothing() {
    let race = || {
        let names = Arc::new(Names::vacant(Vec::new()));
        let refused = thread::spawn({
            let names = names.clone();
            move || names.update(|_| Err("no")).unwrap_err()
        });
        register(&names, 1);
        assert_eq!(refused.join().unwrap(), "no");
        assert_eq!(*names.read().unwrap(), [1]);
    };
    check_random(race, SCHEDULES);
}
