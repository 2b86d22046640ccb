//! New products.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{Classified, Clock, ErrorKind};
use czo_testkit::assert_queries;

use super::Subject;
use crate::subject::draft;
use crate::{Failure, ProductFilter, WriteProducts};

pub async fn a_new_product_is_stamped_and_starts_at_version_one(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let product = store.create(draft("a", &["1", "2"])).await.unwrap();
    let now = subject.clock.now();
    assert_eq!((product.version, product.created_at, product.updated_at), (1, now, now));
    assert_eq!((product.deleted_at, product.variants.len()), (None, 2));
    assert_eq!(product.variants[1].sku.as_deref(), Some("2"));
    let bare = store.create(draft("b", &[])).await.unwrap();
    assert!(bare.id > product.id && bare.variants.is_empty());
}

pub async fn a_handle_and_a_sku_belong_to_one_product_of_a_shop(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    store.create(draft("a", &["1", "-"])).await.unwrap();
    let refused = store.create(draft("a", &["2"])).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(refused.field_errors()[0].field, ["handle"]);
    assert_eq!(subject.failure::<()>(Err(refused)), Failure::Taken("handle".to_owned()));
    let refused = store.create(draft("b", &["1"])).await;
    assert_eq!(subject.failure(refused), Failure::Taken("sku".to_owned()));
    // Nothing stays of what was refused.
    store.create(draft("b", &["2", "-"])).await.unwrap();
}

pub async fn three_thousand_products_are_created_in_portions_and_in_order(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let names: Vec<_> = (0..3_000).map(|number| format!("{number:04}")).collect();
    let drafts: Vec<_> = names.iter().map(|name| draft(name, &[name, "-", "-"])).collect();
    let created = assert_queries!(subject.database, <= 25, {
        store.create_many(drafts).await.unwrap()
    });
    assert!(created.iter().map(|product| &product.handle).eq(&names));
    let ids: Vec<_> = created.iter().map(|product| product.id).collect();
    assert!(ids.is_sorted());
    let found = store.find_by_ids(&ids).await.unwrap();
    assert!(found.into_iter().flatten().eq(created));
}

pub async fn products_are_created_all_or_none(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let mut drafts: Vec<_> = (0..3_000).map(|number| draft(&number.to_string(), &["-"])).collect();
    drafts.push(draft("17", &[]));
    let refused = store.create_many(drafts).await;
    assert_eq!(subject.failure(refused), Failure::Taken("handle".to_owned()));
    assert_eq!(store.count(&ProductFilter::default()).await.unwrap(), 0);
    assert_eq!(store.create_many(Vec::new()).await.unwrap(), []);
}
