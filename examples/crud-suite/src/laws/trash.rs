//! Deleted products.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{IdGenerator, SystemIds};

use super::Subject;
use crate::subject::draft;
use crate::{
    Failure, PageArguments, ProductDraft, ProductFilter, ProductSort, Trashed, WriteProducts,
};

async fn listed(store: &impl WriteProducts, trashed: Trashed) -> String {
    let filter = ProductFilter { trashed, ..Default::default() };
    let page = store.page(&filter, ProductSort::TitleUp, PageArguments::default()).await.unwrap();
    page.products.iter().map(|product| product.handle.as_str()).collect()
}

pub async fn a_deleted_product_is_listed_only_when_asked_for(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let product = store.create(draft("a", &["1"])).await.unwrap();
    store.create(draft("b", &["2"])).await.unwrap();
    subject.tick();
    store.delete(product.id, 1).await.unwrap();
    assert_eq!(store.find(product.id).await.unwrap(), None);
    assert_eq!(store.find_by_ids(&[product.id]).await.unwrap(), [None]);
    assert_eq!(store.find_by_handle("a").await.unwrap(), None);
    assert_eq!(listed(&store, Trashed::Without).await, "b");
    assert_eq!(listed(&store, Trashed::With).await, "ab");
    assert_eq!(listed(&store, Trashed::Only).await, "a");
    let only = ProductFilter { trashed: Trashed::Only, ..Default::default() };
    let page = store.page(&only, ProductSort::Newest, PageArguments::default()).await.unwrap();
    let [deleted] = page.products.try_into().unwrap();
    assert!(deleted.deleted_at > Some(product.updated_at));
    assert_eq!((deleted.version, deleted.updated_at), (2, deleted.deleted_at.unwrap()));
    assert_eq!(deleted.variants, []);
}

pub async fn handles_and_skus_of_deleted_products_can_be_used_again(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    for _ in 0..3 {
        let product = store.create(draft("a", &["1", "2"])).await.unwrap();
        store.delete(product.id, 1).await.unwrap();
    }
    assert_eq!(listed(&store, Trashed::Only).await, "aaa");
}

pub async fn a_restored_product_has_the_variants_that_went_with_it(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let product = store.create(draft("a", &["1"])).await.unwrap();
    subject.tick();
    // Its first variant goes before the product does.
    let replaced = store.update(product.id, 1, draft("a", &["2", "3"])).await.unwrap();
    subject.tick();
    store.delete(product.id, 2).await.unwrap();
    subject.tick();
    let restored = store.restore(product.id).await.unwrap();
    assert_eq!((restored.version, restored.deleted_at), (4, None));
    assert_eq!(restored.variants, replaced.variants);
    assert!(restored.updated_at > replaced.updated_at);
    assert_eq!(store.find(product.id).await.unwrap().as_ref(), Some(&restored));
    // What is not deleted is left as it is.
    assert_eq!(store.restore(product.id).await.unwrap(), restored);
    let missing = store.restore(SystemIds.uuid_v7().into()).await;
    assert_eq!(subject.failure(missing), Failure::NotFound);
}

pub async fn a_restoration_takes_nothing_that_belongs_to_another(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let product = store.create(draft("a", &["1"])).await.unwrap();
    store.delete(product.id, 1).await.unwrap();
    let other = store.create(draft("a", &["2"])).await.unwrap();
    let refused = store.restore(product.id).await;
    assert_eq!(subject.failure(refused), Failure::Taken("handle".to_owned()));
    let other_sku = ProductDraft { handle: "b".to_owned(), ..draft("b", &["1"]) };
    store.update(other.id, 1, other_sku).await.unwrap();
    let refused = store.restore(product.id).await;
    assert_eq!(subject.failure(refused), Failure::Taken("sku".to_owned()));
    assert_eq!(listed(&store, Trashed::Only).await, "a");
}

pub async fn a_hard_deletion_leaves_nothing(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let living = store.create(draft("a", &["1"])).await.unwrap();
    let deleted = store.create(draft("b", &["2"])).await.unwrap();
    store.delete(deleted.id, 1).await.unwrap();
    for id in [living.id, deleted.id] {
        store.hard_delete(id).await.unwrap();
        assert_eq!(subject.failure(store.restore(id).await), Failure::NotFound);
        assert_eq!(subject.failure(store.hard_delete(id).await), Failure::NotFound);
    }
    assert_eq!(listed(&store, Trashed::With).await, "");
    store.create(draft("a", &["1", "2"])).await.unwrap();
}
