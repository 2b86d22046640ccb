//! Lists, counts and pages.

use czo_repo::{CursorKey, OffsetRequest, PageError, PageRequest, RepoError, Sort};
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ColumnTrait;

use crate::note::{Column, migrate, new_shop, note};
use crate::{all_notes, memory, notes};

on_each_database! {
    async fn each_list_is_kept_by_itself(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let all = notes.list();
        let lists = [
            all.clone(),
            all.filter(Column::Slug.ne("a")),
            all.filter(Column::Slug.ne("b")),
            all.sort(Sort::desc(Column::Slug)),
            all.with_trashed(),
            all.only_trashed(),
        ];
        for times in [1, 0] {
            let mut firsts = Vec::new();
            for list in &lists {
                let (rows, count, any, one) = assert_queries!(database, == 4 * times, {
                    (
                        list.find_many(&db).await.unwrap(),
                        list.count(&db).await.unwrap(),
                        list.exists(&db).await.unwrap(),
                        list.find_one(&db).await.unwrap(),
                    )
                });
                assert_eq!((rows.len() as u64, any), (count, count > 0));
                assert_eq!(rows.first(), one.as_deref());
                firsts.push((count, one.map(|row| row.slug.clone()).unwrap_or_default()));
            }
            let firsts: Vec<_> = firsts.iter().map(|(count, slug)| (*count, &**slug)).collect();
            assert_eq!(firsts, [(3, "a"), (2, "b"), (2, "a"), (3, "c"), (3, "a"), (0, "")]);
        }
    }

    async fn a_write_forgets_the_lists_of_its_shop_and_of_no_other(database: TestDatabase) {
        migrate(&database).await;
        let (cache, db) = (memory(), database.database());
        let all = all_notes(&cache);
        let (notes, others) = (all.for_shop(new_shop()), all.for_shop(new_shop()));
        assert_eq!(notes.list().count(&db).await.unwrap(), 0);
        assert_eq!(others.list().count(&db).await.unwrap(), 0);
        notes.create(&db, note("a")).await.unwrap();
        assert_eq!(notes.list().count(&db).await.unwrap(), 1);
        assert_queries!(database, == 0, { others.list().count(&db).await.unwrap() });
    }

    async fn a_page_is_kept_and_its_cursors_are_the_readers(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let list = notes.list().sort(Sort::desc(Column::Slug));
        let first = PageRequest::first(2).unwrap().with_total();
        let page = list.page(&db, &first).await.unwrap();
        let again = assert_queries!(database, == 0, { list.page(&db, &first).await.unwrap() });
        assert_eq!((&again.nodes, &again.page_info), (&page.nodes, &page.page_info));
        assert_eq!((again.nodes.len(), again.total_count), (2, Some(3)));
        // Whoever signs with another key finds the page, and cursors that are good for it.
        let other = db.clone().with_cursor_key(CursorKey::new(&[7; 32]));
        let theirs = assert_queries!(database, == 0, { list.page(&other, &first).await.unwrap() });
        let end = theirs.page_info.end_cursor.unwrap();
        let rest = PageRequest::first(2).unwrap().after(&end);
        assert_eq!(list.page(&other, &rest).await.unwrap().nodes[0].slug, "a");
        let refused = list.page(&db, &rest).await;
        let error = RepoError::Page(PageError::Cursor { argument: "after" });
        assert_eq!(refused.unwrap_err().to_string(), error.to_string());
        notes.create(&db, note("d")).await.unwrap();
        assert_eq!(list.page(&db, &first).await.unwrap().nodes[0].slug, "d");
    }

    async fn a_numbered_page_is_kept(database: TestDatabase) {
        migrate(&database).await;
        let (notes, db) = (notes(), database.database());
        notes.create_many(&db, ["a", "b", "c"].map(note)).await.unwrap();
        let (list, second) = (notes.list(), OffsetRequest::new(2, Some(2)).unwrap());
        let page = list.numbered_page(&db, &second).await.unwrap();
        let again = assert_queries!(database, == 0, {
            list.numbered_page(&db, &second).await.unwrap()
        });
        assert_eq!((again.nodes[0].slug.as_str(), again.page_info), ("c", page.page_info));
        let third = OffsetRequest::new(3, Some(2)).unwrap();
        assert!(list.numbered_page(&db, &third).await.unwrap().nodes.is_empty());
    }
}
