//! Pages and cursors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(missing_docs, reason = "the name of a test says what it tests")]

use czo_core::{Classified, ErrorKind};
use czo_testkit::assert_queries;

use super::Subject;
use crate::subject::{draft, new_shop};
use crate::{
    Failure, PageArguments, Product, ProductFilter, ProductPage, ProductSort, ProductStatus,
    Trashed, WriteProducts,
};

fn first(first: i32) -> PageArguments {
    PageArguments { first: Some(first), ..Default::default() }
}

fn last(last: i32) -> PageArguments {
    PageArguments { last: Some(last), ..Default::default() }
}

fn after(cursor: &str) -> PageArguments {
    PageArguments { after: Some(cursor.to_owned()), ..first(1) }
}

fn handles(page: &ProductPage) -> String {
    page.products.iter().map(|product| product.handle.as_str()).collect()
}

async fn create(store: &impl WriteProducts, names: &[&str]) -> Vec<Product> {
    let drafts = names.iter().map(|name| draft(name, &[])).collect();
    store.create_many(drafts).await.unwrap()
}

pub async fn pages_lead_forwards_and_backwards(subject: &Subject<'_, impl WriteProducts>) {
    let store = subject.store();
    create(&store, &["a", "b", "c", "d", "e"]).await;
    let page = async |arguments| {
        store.page(&ProductFilter::default(), ProductSort::Newest, arguments).await.unwrap()
    };
    let start = page(first(2)).await;
    assert_eq!((handles(&start).as_str(), start.has_previous, start.has_next), ("ed", false, true));
    let middle = page(PageArguments { after: start.end_cursor.clone(), ..first(2) }).await;
    assert_eq!(
        (handles(&middle).as_str(), middle.has_previous, middle.has_next),
        ("cb", true, true)
    );
    let back = page(PageArguments { before: middle.start_cursor, ..last(9) }).await;
    assert_eq!((handles(&back).as_str(), back.has_previous, back.has_next), ("ed", false, true));
    let end = page(last(1)).await;
    assert_eq!((handles(&end).as_str(), end.has_previous, end.has_next), ("a", true, false));
    let (outer, inner) = (start.start_cursor, middle.end_cursor);
    let between = page(PageArguments { after: outer, before: inner, ..first(9) }).await;
    assert_eq!(handles(&between), "dc");
    assert_eq!(page(PageArguments::default()).await.products.len(), 5);
    let none = subject.store();
    let empty = none.page(&ProductFilter::default(), ProductSort::Newest, first(1)).await.unwrap();
    assert_eq!((empty.start_cursor, empty.end_cursor, empty.total), (None, None, None));
}

pub async fn a_walk_by_title_visits_ties_once_in_both_directions(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let named = ["a", "b", "c", "d", "e", "f", "g"].map(|name| {
        let title = if name < "c" {
            "z"
        } else if name < "f" {
            "m"
        } else {
            "k"
        };
        crate::ProductDraft { title: title.to_owned(), ..draft(name, &[]) }
    });
    store.create_many(named.into()).await.unwrap();
    for (sort, expected) in [(ProductSort::TitleUp, "fgcdeab"), (ProductSort::TitleDown, "baedcgf")]
    {
        for step in 1..=7 {
            let (mut forwards, mut backwards) = (String::new(), String::new());
            let mut arguments = first(step);
            loop {
                let page = store.page(&ProductFilter::default(), sort, arguments).await.unwrap();
                forwards.push_str(&handles(&page));
                if !page.has_next {
                    break;
                }
                arguments = PageArguments { after: page.end_cursor, ..first(step) };
            }
            let mut arguments = last(step);
            loop {
                let page = store.page(&ProductFilter::default(), sort, arguments).await.unwrap();
                backwards.insert_str(0, &handles(&page));
                if !page.has_previous {
                    break;
                }
                arguments = PageArguments { before: page.start_cursor, ..last(step) };
            }
            assert_eq!((forwards.as_str(), backwards.as_str()), (expected, expected), "{step}");
        }
    }
}

pub async fn a_filtered_list_is_paged_and_counted_by_itself(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let drafts = ["a", "b", "c", "d"].map(|name| {
        let status = if name < "d" { ProductStatus::Active } else { ProductStatus::Draft };
        crate::ProductDraft { status, ..draft(name, &[]) }
    });
    store.create_many(drafts.into()).await.unwrap();
    let filter = ProductFilter {
        status: Some(ProductStatus::Active),
        tag: Some("all".to_owned()),
        ..Default::default()
    };
    let counted = PageArguments { total: true, ..first(2) };
    let page = store.page(&filter, ProductSort::TitleUp, counted).await.unwrap();
    assert_eq!((handles(&page).as_str(), page.total), ("ab", Some(3)));
    let rest = PageArguments { after: page.end_cursor, ..first(2) };
    let rest = store.page(&filter, ProductSort::TitleUp, rest).await.unwrap();
    assert_eq!((handles(&rest).as_str(), rest.total, rest.has_next), ("c", None, false));
}

pub async fn a_page_takes_as_many_statements_for_many_products_as_for_one(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let names: Vec<_> = (0..100).map(|number| format!("{number:03}")).collect();
    let drafts = names.iter().map(|name| draft(name, &[name, "-"])).collect();
    let mut created = store.create_many(drafts).await.unwrap();
    created.reverse();
    let filter = ProductFilter::default();
    let page = assert_queries!(subject.database, == 2, {
        store.page(&filter, ProductSort::Newest, first(100)).await.unwrap()
    });
    assert_eq!(page.products, created);
    assert_queries!(subject.database, == 3, {
        let counted = PageArguments { total: true, ..first(100) };
        store.page(&filter, ProductSort::Newest, counted).await.unwrap()
    });
}

pub async fn a_cursor_is_good_for_its_own_list_only(subject: &Subject<'_, impl WriteProducts>) {
    let shop = new_shop();
    let store = subject.of_shop(shop, b"one key");
    create(&store, &["a", "b", "c"]).await;
    let (filter, sort) = (ProductFilter::default(), ProductSort::Newest);
    let page = store.page(&filter, sort, first(1)).await.unwrap();
    let after = after(&page.end_cursor.unwrap());
    // Another store with the same key takes it.
    let again = subject.of_shop(shop, b"one key").page(&filter, sort, after.clone()).await.unwrap();
    assert_eq!(handles(&again), "b");
    let drafts = ProductFilter { status: Some(ProductStatus::Draft), ..Default::default() };
    let tagged = ProductFilter { tag: Some("all".to_owned()), ..Default::default() };
    let trashed = ProductFilter { trashed: Trashed::With, ..Default::default() };
    for refused in [
        store.page(&filter, ProductSort::TitleUp, after.clone()).await,
        store.page(&drafts, sort, after.clone()).await,
        store.page(&tagged, sort, after.clone()).await,
        store.page(&trashed, sort, after.clone()).await,
        subject.of_shop(new_shop(), b"one key").page(&filter, sort, after.clone()).await,
        subject.of_shop(shop, b"another key").page(&filter, sort, after.clone()).await,
    ] {
        assert_eq!(subject.failure(refused), Failure::Cursor("after"));
    }
    let before = PageArguments { before: Some("junk".to_owned()), ..last(1) };
    let refused = store.page(&filter, sort, before).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(subject.failure::<()>(Err(refused)), Failure::Cursor("before"));
}

pub async fn a_cursor_that_was_changed_or_cut_is_refused(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    create(&store, &["a", "b"]).await;
    let (filter, sort) = (ProductFilter::default(), ProductSort::TitleUp);
    let cursor = store.page(&filter, sort, first(1)).await.unwrap().end_cursor.unwrap();
    let mut wrong: Vec<_> = (0..cursor.len()).map(|length| cursor[..length].to_owned()).collect();
    for place in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        wrong.push(String::from_utf8(bytes).unwrap());
    }
    wrong.extend(["%", "null", "AAAA", "💥", &"A".repeat(1_000_000)].map(str::to_owned));
    for cursor in wrong {
        let refused = store.page(&filter, sort, after(&cursor)).await;
        assert_eq!(subject.failure(refused), Failure::Cursor("after"), "{cursor:.99}");
    }
}

pub async fn sizes_outside_the_bounds_and_both_ends_are_refused(
    subject: &Subject<'_, impl WriteProducts>,
) {
    let store = subject.store();
    let page = async |arguments| {
        subject.failure(store.page(&ProductFilter::default(), ProductSort::Newest, arguments).await)
    };
    for size in [0, -1, 101, i32::MAX, i32::MIN] {
        assert_eq!(page(first(size)).await, Failure::Size("first"));
        assert_eq!(page(last(size)).await, Failure::Size("last"));
    }
    let both = PageArguments { last: Some(1), ..first(1) };
    assert_eq!(page(both).await, Failure::BothEnds);
}
