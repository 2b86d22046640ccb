//! Reads and writes at once, and writers that go away.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use czo_cache::Cache;
use czo_catalog::{Product, ProductPatch, ProductQuery, Products};
use czo_core::RequestContext;
use czo_repo::{DatabaseError, PageRequest, UnitOfWork};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::cached::handle;
use crate::shop::{Fixture, shirt};

const ROUNDS: i32 = 60;

fn titled(title: &str) -> ProductPatch {
    ProductPatch { title: Some(title.to_owned()), ..ProductPatch::default() }
}

/// The version that a reader sees, by one of the ways there are.
async fn version(products: &Products, ctx: &RequestContext, product: &Product, way: usize) -> i32 {
    let found = match way % 4 {
        0 => products.find(ctx, product.id).await.unwrap(),
        1 => products.find_many(ctx, &[product.id]).await.unwrap().pop(),
        2 => products.find_by_handle(ctx, &product.handle).await.unwrap(),
        _ => {
            let request = PageRequest::first(20).unwrap();
            let page = products.page(ctx, &ProductQuery::default(), &request).await.unwrap();
            page.nodes.into_iter().next()
        }
    };
    found.unwrap().version
}

/// Goes on with some work so often, and drops it.
async fn polled<T>(mut times: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    poll_fn(move |cx| match times.checked_sub(1) {
        Some(left) => {
            times = left;
            work.as_mut().poll(cx).map(Some)
        }
        None => None.into(),
    })
    .await
}

on_each_database! {
    async fn nothing_old_is_read_after_a_write_however_many_read_and_write(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let written = Arc::new(AtomicI32::new(1));
        let readers: Vec<_> = (0..4)
            .map(|way| {
                let (products, visitor) = (shop.products.clone(), shop.visitor.clone());
                let (product, written) = (product.clone(), written.clone());
                tokio::spawn(async move {
                    let mut last = 0;
                    while last <= ROUNDS {
                        let least = written.load(Ordering::SeqCst);
                        last = version(&products, &visitor, &product, way).await;
                        assert!(last >= least, "read {last} after {least} was written, by {way}");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for round in 1..=ROUNDS {
            let patch = titled(&format!("Title {round}"));
            let update = shop.products.update(&shop.owner, product.id, None, patch);
            written.store(update.await.unwrap().version, Ordering::SeqCst);
        }
        for reader in readers {
            reader.await.unwrap();
        }
    }

    async fn a_handle_that_comes_and_goes_is_never_there_too_long_nor_too_late(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        for round in 0..ROUNDS {
            let look = || {
                let (products, visitor) = (shop.products.clone(), shop.visitor.clone());
                async move {
                    let wanted = handle("ocean-blue-shirt");
                    products.find_by_handle(&visitor, &wanted).await.unwrap().map(|found| found.id)
                }
            };
            // They look before, during or after the write.
            let looking: Vec<_> = (0..3).map(|_| tokio::spawn(look())).collect();
            let product = shop.products.create(&shop.owner, shirt()).await.unwrap();
            assert_eq!(look().await, Some(product.id), "round {round}");
            let deleting: Vec<_> = (0..3).map(|_| tokio::spawn(look())).collect();
            shop.products.delete(&shop.owner, product.id, None).await.unwrap();
            assert_eq!(look().await, None, "round {round}");
            for looking in looking.into_iter().chain(deleting) {
                assert!(looking.await.unwrap().is_none_or(|found| found == product.id));
            }
        }
    }

    async fn a_writer_who_goes_away_leaves_nothing_old(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let uncached = shop.elsewhere(Cache::off());
        let (mut round, mut abandoned_and_written) = (0, 0);
        let deadline = Instant::now() + Duration::from_secs(60);
        while abandoned_and_written < 3 {
            round += 1;
            let before = version(&shop.products, &shop.owner, &product, 0).await;
            for way in 1..4 {
                assert_eq!(version(&shop.products, &shop.owner, &product, way).await, before);
            }
            let patch = titled(&format!("Title {round}"));
            let update = shop.products.update(&shop.owner, product.id, None, patch);
            // Where it waits for what differs from round to round.
            if polled(round % 24, update).await.is_some() {
                continue;
            }
            // It waits for whoever still writes the row.
            let wait = async |tx: &UnitOfWork| {
                tx.execute_unprepared("UPDATE catalog_product SET vendor = vendor").await?;
                Ok::<_, DatabaseError>(())
            };
            database.database().transaction(wait).await.unwrap();
            let truth = version(&uncached, &shop.owner, &product, 0).await;
            abandoned_and_written += i32::from(truth > before);
            // The commit is done, what follows it is about to be.
            for way in 0..4 {
                while version(&shop.products, &shop.owner, &product, way).await != truth {
                    assert!(Instant::now() < deadline, "not forgotten in round {round}");
                    tokio::task::yield_now().await;
                }
            }
            assert!(Instant::now() < deadline, "no writer went away late enough, of {round}");
        }
    }
}
