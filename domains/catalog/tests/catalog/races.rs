//! Several writers at once.

use czo_catalog::{CatalogError, ProductPatch, PutOutcome};
use czo_core::{Classified, ErrorKind};
use czo_testkit::on_each_database;
use tokio::task::JoinSet;

use crate::shop::{Fixture, shirt, variant};

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
        assert_eq!(shop.events.take().await.len(), 2);
    }

    async fn putting_the_same_product_at_once_leaves_one(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (products, owner) = (shop.products.clone(), shop.owner.clone());
            writers.spawn(async move { products.put(&owner, shirt()).await });
        }
        let outcomes: Result<Vec<_>, _> = writers.join_all().await.into_iter().collect();
        let created = |outcome: &&PutOutcome| **outcome == PutOutcome::Created;
        let outcomes = outcomes.unwrap();
        assert_eq!(outcomes.iter().filter(created).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| *outcome != PutOutcome::Updated), "{outcomes:?}");
    }

    async fn no_change_of_a_field_is_lost_among_writers_who_check_nothing(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let mut writers = JoinSet::new();
        for round in 0..WRITERS {
            let (products, owner, id) = (shop.products.clone(), shop.owner.clone(), product.id);
            let title = ProductPatch { title: Some(format!("{round}")), ..Default::default() };
            let vendor = ProductPatch { vendor: Some(format!("{round}")), ..Default::default() };
            let patch = if round % 2 == 0 { title } else { vendor };
            writers.spawn(async move { products.update(&owner, id, None, patch).await });
        }
        let outcomes: Result<Vec<_>, _> = writers.join_all().await.into_iter().collect();
        assert_eq!(outcomes.unwrap().len(), WRITERS);
        let after = shop.products.find(&shop.owner, product.id).await.unwrap().unwrap();
        assert_eq!(after.version, 1 + i32::try_from(WRITERS).unwrap());
        assert!(after.title != product.title && !after.vendor.is_empty());
    }

    async fn a_product_is_never_read_half_changed(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let (products, owner, id) = (shop.products.clone(), shop.owner.clone(), product.id);
        let writer = tokio::spawn(async move {
            for round in 0..60 {
                // Each version has options and variants of its own that only fit each other.
                let (name, sizes) = if round % 2 == 0 { ("Colour", 3) } else { ("Size", 1) };
                let variants = (0..sizes).map(|n| variant(&format!("{name}-{n}"), &format!("K-{n}")));
                let patch = ProductPatch {
                    options: Some(vec![name.to_owned()]),
                    variants: Some(variants.collect()),
                    ..ProductPatch::default()
                };
                products.update(&owner, id, None, patch).await.unwrap();
            }
        });
        while !writer.is_finished() {
            let seen = shop.products.find(&shop.visitor, product.id).await.unwrap().unwrap();
            let name = &seen.options[0].name;
            let fits = |value: &String| value.starts_with(name.as_str()) || value.len() == 1;
            assert!(!seen.variants.is_empty());
            assert!(seen.options[0].values.iter().all(fits), "{:?}", seen.options);
        }
        writer.await.unwrap();
    }
}
