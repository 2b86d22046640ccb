//! Finding products.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{IdGenerator, SystemIds};
use czo_testkit::assert_queries;

use super::Subject;
use crate::subject::draft;
use crate::{Failure, ProductFilter, ProductId, ProductStatus, Trashed, WriteProducts};

pub async fn a_product_is_found_by_its_id_and_by_its_handle(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let created = store.create(draft("a", &["1", "-"])).await.unwrap();
    assert_eq!(store.find(created.id).await.unwrap(), Some(created.clone()));
    assert_eq!(store.find_by_handle("a").await.unwrap(), Some(created));
    assert_eq!(store.find_by_handle("b").await.unwrap(), None);
    assert_eq!(store.find(SystemIds.uuid_v7().into()).await.unwrap(), None);
}

pub async fn many_ids_keep_their_order_and_show_what_is_missing(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let drafts = ["a", "b", "c"].map(|name| draft(name, &[name]));
    let created = store.create_many(drafts.into()).await.unwrap();
    let missing = ProductId::from(SystemIds.uuid_v7());
    let ids = [created[2].id, missing, created[0].id, created[2].id];
    let found = assert_queries!(subject.database, == 2, { store.find_by_ids(&ids).await.unwrap() });
    let [first, _, third] = created.try_into().unwrap();
    assert_eq!(found, [Some(third.clone()), None, Some(first), Some(third)]);
    assert_eq!(store.find_by_ids(&[]).await.unwrap(), []);
}

pub async fn forty_thousand_ids_are_asked_for_in_portions(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let created = store.create(draft("a", &["1"])).await.unwrap();
    let mut ids: Vec<_> = (0..40_000).map(|_| ProductId::from(SystemIds.uuid_v7())).collect();
    ids.push(created.id);
    let found = store.find_by_ids(&ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), [created]);
}

pub async fn counting_and_asking_whether_there_are_any_respect_the_filter(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let mut drafts = ["a", "b", "it's 100 % \"c\""].map(|name| draft(name, &[]));
    drafts[1].status = ProductStatus::Active;
    let created = store.create_many(drafts.into()).await.unwrap();
    store.delete(created[0].id, 1).await.unwrap();
    let tag = |tag: &str| ProductFilter { tag: Some(tag.to_owned()), ..Default::default() };
    let trashed = |trashed| ProductFilter { trashed, ..Default::default() };
    let active = ProductFilter { status: Some(ProductStatus::Active), ..Default::default() };
    for (filter, expected) in [
        (ProductFilter::default(), 2),
        (active.clone(), 1),
        (ProductFilter { trashed: Trashed::Only, ..active }, 0),
        (tag("all"), 2),
        (tag("only it's 100 % \"c\""), 1),
        (tag("only"), 0),
        (trashed(Trashed::With), 3),
        (trashed(Trashed::Only), 1),
    ] {
        let count =
            assert_queries!(subject.database, == 1, { store.count(&filter).await.unwrap() });
        assert_eq!(count, expected, "{filter:?}");
        let any = assert_queries!(subject.database, == 1, { store.exists(&filter).await.unwrap() });
        assert_eq!(any, expected > 0, "{filter:?}");
    }
}

pub async fn nothing_reaches_the_products_of_another_shop(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let (ours, theirs) = (subject.store(), subject.store());
    let product = ours.create(draft("a", &["1"])).await.unwrap();
    let deleted = ours.create(draft("b", &["2"])).await.unwrap();
    ours.delete(deleted.id, 1).await.unwrap();
    assert_eq!(theirs.find(product.id).await.unwrap(), None);
    assert_eq!(theirs.find_by_ids(&[product.id]).await.unwrap(), [None]);
    assert_eq!(theirs.find_by_handle("a").await.unwrap(), None);
    let all = ProductFilter { trashed: Trashed::With, ..Default::default() };
    assert_eq!(theirs.count(&all).await.unwrap(), 0);
    for refused in [
        subject.failure(theirs.update(product.id, 1, draft("c", &[])).await),
        subject.failure(theirs.delete(product.id, 1).await),
        subject.failure(theirs.restore(deleted.id).await),
        subject.failure(theirs.hard_delete(product.id).await),
        subject.failure(theirs.swap_titles(product.id, product.id).await),
    ] {
        assert_eq!(refused, Failure::NotFound);
    }
    assert_eq!(ours.find(product.id).await.unwrap(), Some(product));
    theirs.create(draft("a", &["1"])).await.unwrap();
}
