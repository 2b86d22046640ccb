//! Transactions.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{IdGenerator, SystemIds};

use super::Subject;
use crate::subject::draft;
use crate::{Failure, WriteProducts};

pub async fn an_exchange_is_whole_or_nothing(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    let drafts = ["a", "b"].map(|name| draft(name, &[name]));
    let [one, other] = store.create_many(drafts.into()).await.unwrap().try_into().unwrap();
    store.swap_titles(one.id, other.id).await.unwrap();
    let swapped = store.find(one.id).await.unwrap().unwrap();
    assert_eq!((swapped.title.as_str(), swapped.version), ("b", 2));
    assert_eq!(store.find(other.id).await.unwrap().unwrap().title, "a");
    let refused = store.swap_titles(one.id, SystemIds.uuid_v7().into()).await;
    assert_eq!(subject.failure(refused), Failure::NotFound);
    store.delete(other.id, 2).await.unwrap();
    let refused = store.swap_titles(one.id, other.id).await;
    assert_eq!(subject.failure(refused), Failure::Deleted);
    assert_eq!(store.find(one.id).await.unwrap(), Some(swapped));
}

/// Half of them take one product first, half the other: without another try, one of two that meet
/// fails.
pub async fn exchanges_that_collide_are_tried_again(subject: &Subject<'_, impl WriteProducts>) {
    const AT_ONCE: usize = 5;
    const ROUNDS: i32 = 6;
    let store = subject.store();
    let drafts = ["a", "b"].map(|name| draft(name, &[name]));
    let [one, other] = store.create_many(drafts.into()).await.unwrap().try_into().unwrap();
    let exchange = async |place: usize| {
        let (first, second) =
            if place.is_multiple_of(2) { (one.id, other.id) } else { (other.id, one.id) };
        for _ in 0..ROUNDS {
            store.swap_titles(first, second).await.unwrap();
        }
    };
    futures_util::future::join_all((0..AT_ONCE).map(exchange)).await;
    let (one, other) = (store.find(one.id).await.unwrap(), store.find(other.id).await.unwrap());
    let (one, other) = (one.unwrap(), other.unwrap());
    // An even number of exchanges leaves the titles where they were.
    assert_eq!((one.title.as_str(), other.title.as_str()), ("a", "b"));
    assert_eq!((one.version, other.version), (31, 31));
}
