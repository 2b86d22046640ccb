//! Pages and cursors.

use czo_core::{Classified, ErrorKind};
use czo_repo::{CursorKey, OffsetRequest, Page, PageError, PageRequest, RepoError, Sort};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::{ColumnTrait, Set};

use crate::note::{ActiveModel, Column, Model, NOTES, migrate, new_shop, note, notes};

fn slugs(page: &Page<Model>) -> String {
    page.nodes.iter().map(|row| row.slug.as_str()).collect()
}

fn assert_refused(outcome: Result<Page<Model>, RepoError>) {
    match outcome {
        Err(error @ RepoError::Page(PageError::Cursor { argument: "after" })) => {
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        other => panic!("{other:?}"),
    }
}

on_each_database! {
    async fn pages_lead_forwards_and_backwards(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c", "d", "e"].map(note)).await.unwrap();
        let newest = notes.sort(Sort::desc(Column::Id));
        let request = PageRequest::first(2).unwrap();
        let first = assert_queries!(database, == 1, { newest.page(&db, &request).await.unwrap() });
        assert_eq!(slugs(&first), "ed");
        assert!(first.page_info.has_next_page && !first.page_info.has_previous_page);
        let end = first.page_info.end_cursor.clone().unwrap();
        assert_eq!(first.cursor(1).as_ref(), Some(&end));
        let second = newest.page(&db, &request.clone().after(end)).await.unwrap();
        assert_eq!(slugs(&second), "cb");
        assert!(second.page_info.has_next_page && second.page_info.has_previous_page);
        let start = second.page_info.start_cursor.clone().unwrap();
        let back = PageRequest::last(9).unwrap().before(&start);
        let back = newest.page(&db, &back).await.unwrap();
        assert_eq!(slugs(&back), "ed");
        assert!(back.page_info.has_next_page && !back.page_info.has_previous_page);
        let last = newest.page(&db, &PageRequest::last(1).unwrap()).await.unwrap();
        assert_eq!(slugs(&last), "a");
        assert!(last.page_info.has_previous_page && !last.page_info.has_next_page);
        let between = PageRequest::first(9).unwrap();
        let between = between.after(first.cursor(0).unwrap()).before(second.cursor(1).unwrap());
        assert_eq!(slugs(&newest.page(&db, &between).await.unwrap()), "dc");
        let edges: Vec<_> = second.into_edges().collect();
        assert_eq!((edges.len(), &edges[0].0), (2, &start));
    }

    async fn an_empty_list_has_an_empty_page(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let page = notes.page(&db, &PageRequest::first(2).unwrap().with_total()).await.unwrap();
        assert_eq!((page.nodes.len(), page.total_count), (0, Some(0)));
        assert_eq!((page.page_info.start_cursor, page.page_info.end_cursor), (None, None));
    }

    async fn a_total_is_counted_only_when_asked_for(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let request = PageRequest::first(2).unwrap();
        assert_eq!(notes.page(&db, &request).await.unwrap().total_count, None);
        let counted = assert_queries!(database, == 2, {
            notes.page(&db, &request.with_total()).await.unwrap()
        });
        assert_eq!(counted.total_count, Some(3));
    }

    async fn numbered_pages_count_from_one(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let page = OffsetRequest::new(2, Some(2)).unwrap().with_total();
        let page = notes.numbered_page(&db, &page).await.unwrap();
        assert_eq!((slugs(&page).as_str(), page.total_count), ("c", Some(3)));
        assert!(page.page_info.has_previous_page && !page.page_info.has_next_page);
        let far = OffsetRequest::new(i64::MAX, Some(100)).unwrap();
        assert_eq!(slugs(&notes.numbered_page(&db, &far).await.unwrap()), "");
    }

    async fn a_cursor_is_good_for_its_own_list_only(database: TestDatabase) {
        migrate(&database).await;
        let (shop, db) = (new_shop(), database.database());
        let notes = NOTES.for_shop(shop);
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let request = PageRequest::first(1).unwrap();
        let cursor = notes.page(&db, &request).await.unwrap().page_info.end_cursor.unwrap();
        let after = request.after(&cursor);
        assert_eq!(slugs(&notes.page(&db, &after).await.unwrap()), "b");
        notes.check_cursors(&db, &after).unwrap();
        for other in [
            notes.sort(Sort::desc(Column::Id)),
            notes.sort(Sort::asc(Column::Slug)),
            notes.filter(Column::Stars.eq(0)),
            notes.with_trashed(),
            NOTES.for_shop(new_shop()),
            NOTES.all_shops(),
        ] {
            other.check_cursors(&db, &after).unwrap_err();
            assert_refused(other.page(&db, &after).await);
        }
        let rekeyed = db.clone().with_cursor_key(CursorKey::random());
        assert_refused(notes.page(&rekeyed, &after).await);
    }

    async fn a_cursor_that_was_changed_or_cut_is_refused(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes().sort(Sort::asc(Column::Slug)), database.database());
        notes.create_many(&db, ["a", "b"].map(note)).await.unwrap();
        let request = PageRequest::first(1).unwrap();
        let cursor = notes.page(&db, &request).await.unwrap().page_info.end_cursor.unwrap();
        for length in 0..cursor.len() {
            assert_refused(notes.page(&db, &request.clone().after(&cursor[..length])).await);
        }
        for place in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_refused(notes.page(&db, &request.clone().after(changed)).await);
        }
        for junk in ["", "%", "null", "AAAA", "💥", &"A".repeat(1_000_000)] {
            assert_refused(notes.page(&db, &request.clone().after(junk)).await);
        }
    }

    async fn an_order_that_somebody_asks_for_names_allowed_columns(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        let rows = [("a", 2), ("b", 1), ("c", 2)];
        let rows = rows.map(|(slug, stars)| ActiveModel { stars: Set(stars), ..note(slug) });
        notes.create_many(&db, rows).await.unwrap();
        let allowed = [Column::Stars, Column::Slug];
        let sort = Sort::parse("-stars, slug", &allowed).unwrap();
        let page = notes.sort(sort).page(&db, &PageRequest::first(9).unwrap()).await.unwrap();
        assert_eq!(slugs(&page), "acb");
        for text in ["version", "--stars", "stars desc", "slug; DROP TABLE note"] {
            let error = Sort::<crate::note::Entity>::parse(text, &allowed).unwrap_err();
            assert!(error.to_string().contains("expected an order by stars, slug"), "{error}");
        }
    }
}
