//! Changed products.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{Clock, IdGenerator, SystemIds};

use super::Subject;
use crate::subject::draft;
use crate::{
    Failure, Product, ProductDraft, ProductStatus, Tags, Variant, VariantDraft, VariantId,
    WriteProducts,
};

/// The draft that changes nothing.
fn same(product: &Product) -> ProductDraft {
    ProductDraft {
        handle: product.handle.clone(),
        title: product.title.clone(),
        status: product.status,
        tags: product.tags.clone(),
        variants: product.variants.iter().map(keep).collect(),
    }
}

fn keep(variant: &Variant) -> VariantDraft {
    let Variant { id, sku, price_minor } = variant.clone();
    VariantDraft { id: Some(id), sku, price_minor }
}

pub async fn a_change_counts_itself_and_is_stamped(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let created = store.create(draft("a", &["1"])).await.unwrap();
    subject.tick();
    let changes = ProductDraft {
        handle: "b".to_owned(),
        title: "B".to_owned(),
        status: ProductStatus::Active,
        tags: Tags(vec!["new".to_owned()]),
        variants: created.variants.iter().map(keep).collect(),
    };
    let changed = store.update(created.id, 1, changes).await.unwrap();
    let expected = Product {
        handle: "b".to_owned(),
        title: "B".to_owned(),
        status: ProductStatus::Active,
        tags: Tags(vec!["new".to_owned()]),
        version: 2,
        updated_at: subject.clock.now(),
        ..created.clone()
    };
    assert_eq!(changed, expected);
    assert_eq!(store.find(created.id).await.unwrap(), Some(expected));
}

pub async fn a_lost_race_names_both_versions(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let product = store.create(draft("a", &["1"])).await.unwrap();
    let changed = store.update(product.id, 1, same(&product)).await.unwrap();
    assert_eq!(changed.version, 2);
    let conflict = Failure::Conflict { expected: 1, actual: 2 };
    let late = ProductDraft { variants: Vec::new(), ..same(&product) };
    assert_eq!(subject.failure(store.update(product.id, 1, late).await), conflict);
    assert_eq!(subject.failure(store.delete(product.id, 1).await), conflict);
    assert_eq!(store.find(product.id).await.unwrap(), Some(changed));

    store.delete(product.id, 2).await.unwrap();
    let refused = store.update(product.id, 3, same(&product)).await;
    assert_eq!(subject.failure(refused), Failure::Deleted);
    assert_eq!(subject.failure(store.delete(product.id, 3).await), Failure::Deleted);
    let missing = SystemIds.uuid_v7().into();
    let refused = store.update(missing, 1, same(&product)).await;
    assert_eq!(subject.failure(refused), Failure::NotFound);
}

pub async fn a_change_takes_nothing_that_belongs_to_another(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    store.create(draft("a", &["1"])).await.unwrap();
    let product = store.create(draft("b", &["2"])).await.unwrap();
    let handle = ProductDraft { handle: "a".to_owned(), ..same(&product) };
    let refused = store.update(product.id, 1, handle).await;
    assert_eq!(subject.failure(refused), Failure::Taken("handle".to_owned()));
    let sku = VariantDraft { sku: Some("1".to_owned()), ..keep(&product.variants[0]) };
    let sku = ProductDraft { variants: vec![sku], ..same(&product) };
    let refused = store.update(product.id, 1, sku).await;
    assert_eq!(subject.failure(refused), Failure::Taken("sku".to_owned()));
    assert_eq!(store.find(product.id).await.unwrap(), Some(product));
}

pub async fn variants_are_deleted_changed_created_and_left_alone(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let product = store.create(draft("a", &["1", "2", "3", "4"])).await.unwrap();
    let [gone, cheaper, first, same_place] = product.variants.clone().try_into().unwrap();
    let new = VariantDraft { id: None, sku: Some("5".to_owned()), price_minor: 500 };
    // One goes and its SKU is used again, one gets cheaper, one comes first.
    let variants = vec![
        keep(&first),
        VariantDraft { price_minor: 1, ..keep(&cheaper) },
        new,
        keep(&same_place),
        VariantDraft { sku: gone.sku.clone(), ..VariantDraft::default() },
    ];
    let changes = ProductDraft { variants, ..same(&product) };
    let changed = store.update(product.id, 1, changes).await.unwrap();
    let seen: Vec<_> = changed
        .variants
        .iter()
        .map(|variant| (variant.sku.as_deref().unwrap(), variant.price_minor))
        .collect();
    assert_eq!(seen, [("3", 100), ("2", 1), ("5", 500), ("4", 100), ("1", 0)]);
    let ids = [0, 1, 3].map(|place: usize| changed.variants[place].id);
    assert_eq!(ids, [first.id, cheaper.id, same_place.id]);
    assert_ne!(changed.variants[4].id, gone.id);
    assert_eq!(store.find(product.id).await.unwrap(), Some(changed));
}

pub async fn two_variants_exchange_their_skus(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let product = store.create(draft("a", &["1", "2"])).await.unwrap();
    let [one, two] = product.variants.clone().try_into().unwrap();
    let variants = vec![
        VariantDraft { sku: two.sku.clone(), ..keep(&one) },
        VariantDraft { sku: one.sku.clone(), ..keep(&two) },
    ];
    let changes = ProductDraft { variants, ..same(&product) };
    let changed = store.update(product.id, 1, changes).await.unwrap();
    let seen: Vec<_> =
        changed.variants.iter().map(|variant| (variant.id, variant.sku.clone())).collect();
    assert_eq!(seen, [(one.id, two.sku), (two.id, one.sku)]);
}

pub async fn a_variant_of_another_product_is_not_taken_over(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let (store, theirs) = (subject.store(), subject.store());
    let mine = store.create(draft("a", &["1"])).await.unwrap();
    let others = [
        store.create(draft("b", &["2"])).await.unwrap(),
        theirs.create(draft("b", &["2"])).await.unwrap(),
    ];
    for other in &others {
        let stolen = VariantDraft { sku: Some("9".to_owned()), ..keep(&other.variants[0]) };
        let changes = ProductDraft { variants: vec![stolen], ..same(&mine) };
        let refused = store.update(mine.id, 1, changes).await;
        assert_eq!(subject.failure(refused), Failure::Taken("id".to_owned()));
    }
    assert_eq!(store.find(mine.id).await.unwrap().as_ref(), Some(&mine));
    assert_eq!(store.find(others[0].id).await.unwrap().as_ref(), Some(&others[0]));
    assert_eq!(theirs.find(others[1].id).await.unwrap().as_ref(), Some(&others[1]));
    // One that no product has is simply new.
    let own = VariantId::from(SystemIds.uuid_v7());
    let variants = vec![VariantDraft { id: Some(own), ..VariantDraft::default() }];
    let changes = ProductDraft { variants, ..same(&mine) };
    let changed = store.update(mine.id, 1, changes).await.unwrap();
    assert_eq!((changed.variants.len(), changed.variants[0].id), (1, own));
}
