//! Several writers at once.

use czo_catalog::{CatalogError, ProductPatch, PutOutcome};
use czo_core::{Classified, ErrorKind};
use czo_testkit::on_each_database;
use tokio::task::JoinSet;

use crate::shop::{Fixture, shirt};

const WRITERS: usize = 8;
const ROUNDS: usize = 10;

on_each_database! {
    async fn no_change_is_lost_among_writers_who_check_the_version(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (products, owner, id) = (shop.products.clone(), shop.owner.clone(), product.id);
            writers.spawn(async move {
                for round in 0..ROUNDS {
                    loop {
                        let now = products.find(&owner, id).await.unwrap().unwrap();
                        let mut tags = now.tags.clone();
                        tags.push(format!("{writer}-{round}"));
                        let patch = ProductPatch { tags: Some(tags), ..ProductPatch::default() };
                        match products.update(&owner, id, Some(now.version), patch).await {
                            Ok(_) => break,
                            Err(CatalogError::Conflict { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
        writers.join_all().await;
        let after = shop.products.find(&shop.owner, product.id).await.unwrap().unwrap();
        assert_eq!(after.tags.len(), 2 + WRITERS * ROUNDS);
        assert_eq!(after.version, 1 + i32::try_from(WRITERS * ROUNDS).unwrap());
    }

    async fn of_several_who_create_one_handle_one_wins_and_the_others_are_told(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (products, owner) = (shop.products.clone(), shop.owner.clone());
            writers.spawn(async move { products.create(&owner, shirt()).await });
        }
        let outcomes = writers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        }
        assert_eq!(shop.bus.take().len(), 2);
    }

    async fn putting_the_same_product_at_once_leaves_one(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (products, owner) = (shop.products.clone(), shop.owner.clone());
            writers.spawn(async move { products.put(&owner, shirt()).await });
        }
        let outcomes = writers.join_all().await;
        let created = |outcome: &Result<_, _>| matches!(outcome, Ok(PutOutcome::Created));
        assert_eq!(outcomes.iter().filter(|outcome| created(outcome)).count(), 1);
    }
}
