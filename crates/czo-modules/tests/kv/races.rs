//! Many at once.

use czo_modules::{KeyValue, KeyValueUsage, SqlKeyValue};
use czo_testkit::on_each_database;

use crate::fixture::{loyalty, values};

const TASKS: usize = 64;

/// Runs `work` in many tasks at once and returns what each answered.
async fn at_once<T, F>(kv: &SqlKeyValue, work: impl Fn(SqlKeyValue, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(work(kv.clone(), task))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("no panic"));
    }
    answers
}

on_each_database! {
    async fn of_many_additions_none_is_lost(database: TestDatabase) {
        let kv = values(&database).await;
        let mut sums = at_once(&kv, |kv: SqlKeyValue, _| async move {
            kv.increment(&loyalty(), "n", 1).await.expect("added")
        })
        .await;
        sums.sort_unstable();
        let expected: Vec<i64> = (1..=64).collect();
        assert_eq!(sums, expected, "each has seen another sum");
        let usage = kv.usage(&loyalty().module).await.expect("read");
        assert_eq!(usage, KeyValueUsage { keys: 1, bytes: 9 });
    }

    async fn of_many_that_set_what_is_not_there_one_does(database: TestDatabase) {
        let kv = values(&database).await;
        let set = at_once(&kv, |kv: SqlKeyValue, task: usize| async move {
            let value = format!("task {task}").into_bytes();
            kv.compare_and_set(&loyalty(), "k", None, value).await.expect("asked")
        })
        .await;
        assert_eq!(set.iter().filter(|set| **set).count(), 1);
        assert_eq!(kv.usage(&loyalty().module).await.expect("read").keys, 1);
    }

    async fn a_list_that_all_extend_by_comparing_has_everybody(database: TestDatabase) {
        let kv = values(&database).await;
        at_once(&kv, |kv: SqlKeyValue, task: usize| async move {
            loop {
                let old = kv.get(&loyalty(), "list").await.expect("read");
                let mut new = old.clone().unwrap_or_default();
                new.push(u8::try_from(task).expect("64 tasks"));
                let (scope, old) = (loyalty(), old.as_deref());
                if kv.compare_and_set(&scope, "list", old, new).await.expect("asked") {
                    return;
                }
            }
        })
        .await;
        let mut list = kv.get(&loyalty(), "list").await.expect("read").expect("there");
        list.sort_unstable();
        assert_eq!(list, (0..64).collect::<Vec<u8>>());
    }

    async fn what_many_set_and_delete_is_counted_right(database: TestDatabase) {
        let kv = values(&database).await;
        at_once(&kv, |kv: SqlKeyValue, task: usize| async move {
            for round in 0..4 {
                let key = format!("k{}", (task + round) % 8);
                if (task + round).is_multiple_of(3) {
                    kv.delete(&loyalty(), &key).await.expect("deleted");
                } else {
                    let value = vec![b'x'; task + round];
                    kv.set(&loyalty(), &key, value, None).await.expect("set");
                }
            }
        })
        .await;
        let mut expected = KeyValueUsage::default();
        for key in kv.keys(&loyalty(), "", None, 100).await.expect("listed") {
            let value = kv.get(&loyalty(), &key).await.expect("read").expect("there");
            expected.keys += 1;
            expected.bytes += (key.len() + value.len()) as u64;
        }
        assert_eq!(kv.usage(&loyalty().module).await.expect("read"), expected);
    }
}
