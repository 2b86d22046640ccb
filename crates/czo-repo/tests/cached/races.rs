//! Writes that come while something is being loaded.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_cache::Cache;
use czo_core::ShopId;
use czo_repo::{AnyVersion, CachedRepository, Lifecycle, Resource};
use czo_testkit::on_each_database;
use sea_orm::Set;

use crate::note::{ActiveModel, counter, migrate, new_shop, note};
use crate::{Notes, all_notes, memory, minute};

/// Holds what was read until it is let go.
struct Hold {
    has_read: Mutex<Sender<()>>,
    may_go_on: Mutex<Receiver<()>>,
}

impl<E: Resource> Lifecycle<E> for Hold {
    fn after_find(&self, _rows: &mut [E::Model]) {
        let _ = self.has_read.lock().unwrap().send(());
        // What this thread was about to do, others do meanwhile.
        let wait = || self.may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(20));
        let _ = tokio::task::block_in_place(wait);
    }
}

fn hold() -> (Hold, Receiver<()>, Sender<()>) {
    let ((has_read, read), (go_on, may_go_on)) = (channel(), channel());
    (Hold { has_read: Mutex::new(has_read), may_go_on: Mutex::new(may_go_on) }, read, go_on)
}

/// The notes of a shop, read by somebody who is slow to say what was found.
fn slow(cache: &Cache, shop: ShopId) -> (Notes, Receiver<()>, Sender<()>) {
    let (hold, read, go_on) = hold();
    let notes = all_notes(cache).with_lifecycle(Arc::new(hold)).for_shop(shop);
    (notes, read, go_on)
}

async fn read(read: Receiver<()>) {
    let read = move || read.recv_timeout(Duration::from_secs(20));
    tokio::task::spawn_blocking(read).await.unwrap().unwrap();
}

fn stars(stars: i32) -> ActiveModel {
    ActiveModel { stars: Set(stars), ..Default::default() }
}

on_each_database! {
    async fn an_update_beats_a_load_that_read_before_it(database: TestDatabase) {
        migrate(&database).await;
        for number in 0..3 {
            let (cache, shop, db) = (memory(), new_shop(), database.database());
            let notes = all_notes(&cache).for_shop(shop);
            let id = notes.create(&db, note("a")).await.unwrap().id;
            let (slow, has_read, go_on) = slow(&cache, shop);
            let loading = {
                let db = db.clone();
                tokio::spawn(async move {
                    match number {
                        0 => slow.get(&db, id).await.unwrap().stars,
                        1 => slow.find_by_ids(&db, &[id]).await.unwrap()[0].as_ref().unwrap().stars,
                        _ => slow.list().find_many(&db).await.unwrap()[0].stars,
                    }
                })
            };
            read(has_read).await;
            let update = async |tx: &czo_repo::UnitOfWork| notes.update(tx, id, 1, stars(1)).await;
            db.transaction(update).await.unwrap();
            // The load is still held: who asks now does not wait for it, nor believe it.
            assert_eq!(notes.get(&db, id).await.unwrap().stars, 1);
            go_on.send(()).unwrap();
            // It had begun before.
            assert_eq!(loading.await.unwrap(), 0);
            assert_eq!(notes.get(&db, id).await.unwrap().stars, 1);
            let found = notes.find_by_ids(&db, &[id]).await.unwrap();
            assert_eq!(found[0].as_ref().unwrap().stars, 1);
            assert_eq!(notes.list().find_many(&db).await.unwrap()[0].stars, 1);
        }
    }

    async fn rows_without_a_version_are_as_safe(database: TestDatabase) {
        migrate(&database).await;
        let (cache, db) = (memory(), database.database());
        let value = |value| counter::ActiveModel { value: Set(value), ..Default::default() };
        let new = counter::ActiveModel { label: Set("visits".to_owned()), ..value(0) };
        let counters = || CachedRepository::<counter::Entity>::new(&cache, &minute()).unwrap();
        let id = counters().create(&db, new).await.unwrap().id;
        for (round, is_batch) in [(1, false), (2, true)] {
            let (hold, has_read, go_on) = hold();
            let (slow, db) = (counters().with_lifecycle(Arc::new(hold)), db.clone());
            let loading = {
                let db = db.clone();
                tokio::spawn(async move {
                    match is_batch {
                        true => slow.find_by_ids(&db, &[id]).await.unwrap().remove(0).unwrap().value,
                        false => slow.get(&db, id).await.unwrap().value,
                    }
                })
            };
            read(has_read).await;
            counters().update(&db, id, AnyVersion, value(round)).await.unwrap();
            go_on.send(()).unwrap();
            assert_eq!(loading.await.unwrap(), round - 1);
            assert_eq!(counters().get(&db, id).await.unwrap().value, round);
            counters().invalidate(&db, &[id]).await;
        }
    }

    async fn nothing_old_is_read_after_a_write_however_many_read_and_write(database: TestDatabase) {
        migrate(&database).await;
        let (cache, shop, db) = (memory(), new_shop(), database.database());
        let notes = all_notes(&cache).for_shop(shop);
        let id = notes.create(&db, note("a")).await.unwrap().id;
        let written = Arc::new(std::sync::atomic::AtomicI32::new(0));
        let readers: Vec<_> = (0..4)
            .map(|reader| {
                let (notes, db, written) = (notes.clone(), db.clone(), written.clone());
                tokio::spawn(async move {
                    let mut last = 0;
                    while last < 60 {
                        let least = written.load(std::sync::atomic::Ordering::SeqCst);
                        last = match reader % 3 {
                            0 => notes.get(&db, id).await.unwrap().stars,
                            1 => notes.find_by_ids(&db, &[id]).await.unwrap()[0]
                                .as_ref()
                                .unwrap()
                                .stars,
                            _ => notes.list().find_many(&db).await.unwrap()[0].stars,
                        };
                        assert!(last >= least, "read {last} after {least} was written");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for round in 1..=60 {
            let write = async |tx: &czo_repo::UnitOfWork| {
                notes.update(tx, id, None, stars(round)).await
            };
            match round % 2 {
                0 => db.transaction(write).await.unwrap(),
                _ => notes.update(&db, id, None, stars(round)).await.unwrap(),
            };
            written.store(round, std::sync::atomic::Ordering::SeqCst);
        }
        for reader in readers {
            reader.await.unwrap();
        }
    }
}
