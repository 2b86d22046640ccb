//! Others take part in what is done to products.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use czo_catalog::hooks::{ProductCreate, ProductDelete, ProductUpdate};
use czo_catalog::{CatalogError, ProductPatch, PutOutcome};
use czo_core::{Classified, ErrorKind, FieldErrorCode};
use czo_hooks::{HookError, Refusal};
use czo_testkit::on_each_database;
use serde_json::json;

use crate::graphql::{ask, subgraph};
use crate::shop::{Fixture, shirt, simple};

/// What hooks saw.
type Seen = Arc<Mutex<Vec<String>>>;

/// Notes every create, update and delete of the shop.
fn watch(shop: &Fixture) -> Seen {
    let seen = Seen::default();
    let (hooks, note) = (&shop.context.hooks, seen.clone());
    let hook = hooks.before::<ProductCreate>("watch").register(move |_, draft| {
        note.lock().unwrap().push(format!("create {}", draft.title));
        Ok(())
    });
    hook.unwrap().detach();
    let note = seen.clone();
    let hook = hooks.before::<ProductUpdate>("watch").register(move |_, change| {
        note.lock().unwrap().push(format!("update {:?}", change.expected_version));
        Ok(())
    });
    hook.unwrap().detach();
    let note = seen.clone();
    let hook = hooks.before::<ProductDelete>("watch").register(move |_, removal| {
        note.lock().unwrap().push(format!("delete {:?}", removal.expected_version));
        Ok(())
    });
    hook.unwrap().detach();
    seen
}

fn title(text: &str) -> ProductPatch {
    ProductPatch { title: Some(text.to_owned()), ..ProductPatch::default() }
}

on_each_database! {
    async fn a_hook_before_creating_changes_what_is_stored(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let hook = shop.context.hooks.before::<ProductCreate>("pricing").register(|_, draft| {
            draft.variants.iter_mut().for_each(|variant| variant.price = "25".to_owned());
            Ok(())
        });
        let product = shop.create(shirt()).await;
        assert_eq!(product.variants[0].price.amount(), "25.00");
        assert_eq!(shop.products.find(&shop.owner, product.id).await.unwrap(), Some(product));
        drop(hook);
        let mug = shop.create(simple("Mug")).await;
        assert_eq!(mug.variants[0].price.amount(), "1.00");
    }

    async fn what_a_hook_leaves_is_validated(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let _hook = shop.context.hooks.before::<ProductCreate>("bad").register(|_, draft| {
            draft.title.clear();
            Ok(())
        });
        let error = shop.products.create(&shop.owner, shirt()).await.unwrap_err();
        assert!(matches!(error, CatalogError::Invalid(_)), "{error}");
    }

    async fn a_refusal_writes_and_publishes_nothing_and_names_the_field(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let _hook = shop.context.hooks.before::<ProductCreate>("floor").register(|_, _| {
            Err(Refusal::new("too cheap")
                .field("variants.0.price", FieldErrorCode::Invalid, "expected at least 30.00")
                .into())
        });
        let error = shop.products.create(&shop.owner, shirt()).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Invalid, "too cheap".to_owned()));
        assert_eq!(error.field_errors()[0].field, ["variants", "0", "price"]);
        assert!(shop.events.take().await.is_empty());
        let handle = "ocean-blue-shirt".parse().unwrap();
        assert_eq!(shop.products.find_by_handle(&shop.owner, &handle).await.unwrap(), None);
    }

    async fn graphql_answers_a_refusal_as_user_errors_and_a_failure_as_an_error(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let create = async || {
            let mutation = "mutation { productCreate(input: { title: \"Mug\", variants: [{ price: \"1\" }] }) {
                product { id } userErrors { field code message } } }";
            ask(&schema, &shop.owner, mutation, json!({})).await
        };
        let hooks = &shop.context.hooks;
        let refuse = hooks.before::<ProductCreate>("a").register(|_, _| {
            Err(Refusal::new("too cheap")
                .field("variants.0.price", FieldErrorCode::Invalid, "expected more")
                .into())
        });
        let answer = create().await;
        assert_eq!(
            answer["data"]["productCreate"],
            json!({ "product": null, "userErrors": [
                { "field": ["variants", "0", "price"], "code": "INVALID", "message": "expected more" }
            ] })
        );
        drop(refuse);
        let forbid = hooks.before::<ProductCreate>("a").register(|_, _| {
            Err(Refusal::new("the shop is closed").of_kind(ErrorKind::Forbidden).into())
        });
        let answer = create().await;
        assert_eq!(answer["errors"][0]["message"], "the shop is closed", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
        drop(forbid);
        let _panic =
            hooks.before::<ProductCreate>("a").register(|_, _| panic!("secret")).unwrap();
        let answer = create().await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL", "{answer}");
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }

    async fn hooks_of_updates_and_deletions_run_too(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let product = shop.create(shirt()).await;
        let seen = watch(&shop);
        let _shout = shop.context.hooks.before::<ProductUpdate>("z").register(|_, change| {
            change.patch.title.iter_mut().for_each(|title| title.push('!'));
            Ok(())
        });
        let after =
            shop.products.update(&shop.owner, product.id, Some(1), title("Shirt")).await.unwrap();
        assert_eq!(after.title, "Shirt!");
        let keep = shop.context.hooks.before::<ProductDelete>("keep").register(|_, _| {
            Err(Refusal::new("it is in an order").of_kind(ErrorKind::Conflict).into())
        });
        let error = shop.products.delete(&shop.owner, product.id, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(shop.products.find(&shop.owner, product.id).await.unwrap().is_some());
        drop(keep);
        shop.products.delete(&shop.owner, product.id, None).await.unwrap();
        assert_eq!(shop.products.find(&shop.owner, product.id).await.unwrap(), None);
        assert_eq!(*seen.lock().unwrap(), ["update Some(1)", "delete None"]);
    }

    async fn a_hook_after_creating_changes_the_answer_and_not_the_product(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let _hook = shop.context.hooks.after::<ProductCreate>("badge").register(|_, product| {
            product.tags.push("just arrived".to_owned());
            Ok(())
        });
        let told = shop.products.create(&shop.owner, shirt()).await.unwrap();
        assert_eq!(told.tags, ["men", "summer", "just arrived"]);
        let stored = shop.products.find(&shop.owner, told.id).await.unwrap().unwrap();
        assert_eq!(stored.tags, ["men", "summer"]);
    }

    async fn when_a_hook_after_creating_fails_the_product_is_there(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let hook = shop.context.hooks.after::<ProductCreate>("broken").register(|_, product| {
            Err(format!("no label for {}", product.title).into())
        });
        let error = shop.products.create(&shop.owner, shirt()).await.unwrap_err();
        assert!(matches!(error, CatalogError::Hook(HookError::Failed { .. })), "{error}");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Internal, false));
        let handle = "ocean-blue-shirt".parse().unwrap();
        assert!(shop.products.find_by_handle(&shop.owner, &handle).await.unwrap().is_some());
        assert_eq!(shop.events.take_types().await, ["product.item.created", "product.item.published"]);
        drop(hook);
    }

    async fn hooks_are_out_of_reach_of_whoever_may_not_write(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let seen = watch(&shop);
        let error = shop.products.create(&shop.visitor, shirt()).await.unwrap_err();
        assert!(matches!(error, CatalogError::Permission(_)), "{error}");
        assert!(seen.lock().unwrap().is_empty());
    }

    async fn putting_runs_the_hooks_of_creating_or_of_updating(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let seen = watch(&shop);
        let put = async |draft| shop.products.put(&shop.owner, draft).await.unwrap();
        assert_eq!(put(shirt()).await, PutOutcome::Created);
        assert_eq!(put(shirt()).await, PutOutcome::Unchanged);
        let mut dearer = shirt();
        dearer.variants[1].price = "25".to_owned();
        assert_eq!(put(dearer).await, PutOutcome::Updated);
        assert_eq!(
            *seen.lock().unwrap(),
            ["create Ocean Blue Shirt", "update None", "update None"]
        );
        let types = shop.events.take_types().await;
        assert_eq!(
            types,
            ["product.item.created", "product.item.published", "product.item.updated"]
        );
    }

    async fn putting_succeeds_while_others_change_the_product(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        shop.create(shirt()).await;
        let state = (shop.products.clone(), AtomicUsize::new(0));
        // Whenever a put is about to write, another writes first.
        let _other = shop.context.hooks.before::<ProductUpdate>("other").register_async_with(
            state,
            async |(products, writes), ctx, change| {
                let is_other = |title: &String| title.starts_with("Meanwhile");
                if !change.patch.title.as_ref().is_some_and(is_other) {
                    let write = writes.fetch_add(1, Ordering::Relaxed);
                    let patch = title(&format!("Meanwhile {write}"));
                    Box::pin(products.update(ctx, change.product_id, None, patch)).await?;
                }
                Ok(())
            },
        );
        assert_eq!(shop.products.put(&shop.owner, shirt()).await.unwrap(), PutOutcome::Updated);
        let handle = "ocean-blue-shirt".parse().unwrap();
        let stored = shop.products.find_by_handle(&shop.owner, &handle).await.unwrap().unwrap();
        assert_eq!((stored.title.as_str(), stored.version), ("Ocean Blue Shirt", 3));
    }

    async fn a_hook_repairs_what_is_put_as_what_is_created(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let _repair = shop.context.hooks.before::<ProductCreate>("repair").register(|_, draft| {
            draft.title = "Mug".to_owned();
            Ok(())
        });
        let mut nameless = simple("");
        nameless.handle = Some("mug".to_owned());
        let outcome = shop.products.put(&shop.owner, nameless).await.unwrap();
        assert_eq!(outcome, PutOutcome::Created);
        let error = shop.products.put(&shop.owner, simple("")).await.unwrap_err();
        assert_eq!(error.field_errors()[0].field, ["handle"]);
    }

    async fn a_put_says_what_was_written_whatever_hooks_answer(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let stored = shop.create(shirt()).await;
        let after = shop.context.hooks.after::<ProductUpdate>("renumber").register(|_, product| {
            product.version = 99;
            Ok(())
        });
        let recover = shop.context.hooks.on_error::<ProductCreate>("recover");
        let recover = recover.register(move |_, _| Some(stored.clone()));
        let _handles = (after.unwrap(), recover.unwrap());
        let put = async |draft| shop.products.put(&shop.owner, draft).await.unwrap();
        assert_eq!(put(shirt()).await, PutOutcome::Unchanged);
        let mut invalid = simple("Mug");
        invalid.variants[0].price = "cheap".to_owned();
        assert_eq!(put(invalid).await, PutOutcome::Unchanged);
    }

    async fn an_import_rejects_what_a_hook_refuses_and_goes_on(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let _hook = shop.context.hooks.before::<ProductCreate>("no-mugs").register(|_, draft| {
            match draft.title.as_str() {
                "Mug" => Err(Refusal::new("no mugs").of_kind(ErrorKind::Forbidden).into()),
                _ => Ok(()),
            }
        });
        let file = "Handle,Title,Variant Price\nmug,Mug,1\nhat,Hat,2\n";
        let report = shop
            .products
            .import(&shop.owner, std::io::Cursor::new(file), |_| {})
            .await
            .unwrap();
        let handles: Vec<_> = ["mug", "hat"].map(|handle| handle.parse().unwrap()).into();
        let found = async |handle| {
            shop.products.find_by_handle(&shop.owner, handle).await.unwrap().is_some()
        };
        assert!(!found(&handles[0]).await);
        assert!(found(&handles[1]).await, "{report:?}");
        assert!(format!("{report:?}").contains("no mugs"), "{report:?}");
    }
}
