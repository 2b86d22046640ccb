//! Statements that modules need.

use czo_modules::{ModuleSql, SqlValue};
use czo_testkit::on_each_database;

use crate::fixture::{fixture, name, statement};

use SqlValue::{Integer, Text};

on_each_database! {
    async fn queries_with_joins_subqueries_and_windows_are_run(database: TestDatabase) {
        let fixture = fixture(&database).await;
        for (text, expected) in [
            ("SELECT sum(points) FROM mod_loyalty__points WHERE customer_id = 1", Integer(15)),
            ("SELECT count(*) FROM mod_loyalty__points p JOIN mod_loyalty__customer c ON c.id = p.customer_id WHERE c.name = 'Ada'", Integer(2)),
            ("SELECT name FROM mod_loyalty__customer WHERE id = (SELECT max(customer_id) FROM mod_loyalty__points)", Text("Bob".to_owned())),
            ("SELECT count(*) FROM mod_loyalty__customer c WHERE EXISTS (SELECT 1 FROM mod_loyalty__points p WHERE p.customer_id = c.id AND p.points > 8)", Integer(1)),
            ("SELECT points FROM mod_loyalty__points ORDER BY points DESC LIMIT 1 OFFSET 1", Integer(7)),
            ("SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY customer_id ORDER BY points) AS n FROM mod_loyalty__points) x WHERE x.n = 1", Integer(2)),
            ("SELECT max(total) FROM (SELECT customer_id, sum(points) AS total FROM mod_loyalty__points GROUP BY customer_id HAVING count(*) > 1) t", Integer(15)),
            ("SELECT CASE WHEN count(*) = 3 THEN 'three' ELSE 'other' END FROM mod_loyalty__points", Text("three".to_owned())),
            ("SELECT coalesce(nullif(upper(name), 'BOB'), 'nobody') FROM mod_loyalty__customer WHERE name LIKE 'B%'", Text("nobody".to_owned())),
            ("SELECT count(*) FROM (SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 2) t", Integer(3)),
            ("SELECT count(DISTINCT customer_id) FROM mod_loyalty__points", Integer(2)),
            ("SELECT CAST(points AS text) || '!' FROM mod_loyalty__points WHERE id = 1", Text("10!".to_owned())),
            ("SELECT count(*) FILTER (WHERE points BETWEEN 5 AND 7) FROM mod_loyalty__points", Integer(2)),
        ] {
            assert_eq!(fixture.value(text, []).await, expected, "{text}");
        }
    }

    async fn common_table_expressions_are_seen_where_they_are(database: TestDatabase) {
        let fixture = fixture(&database).await;
        for (text, expected) in [
            ("WITH best AS (SELECT max(points) AS points FROM mod_loyalty__points) SELECT best.points FROM best", 10),
            ("WITH product AS (SELECT 42 AS id) SELECT product.id FROM product", 42),
            ("WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT b.n FROM b", 2),
            ("WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 10) SELECT max(n) FROM up", 10),
            ("WITH a AS (SELECT 1 AS n) SELECT x.n FROM a AS x WHERE x.n IN (SELECT a.n FROM a)", 1),
            ("WITH a AS (SELECT 1 AS n) SELECT n FROM (WITH a AS (SELECT 2 AS n) SELECT n FROM a) t", 2),
        ] {
            assert_eq!(fixture.value(text, []).await, Integer(expected), "{text}");
        }
        let moved = fixture.execute(
            "WITH best AS (SELECT id FROM mod_loyalty__points WHERE points = 10) \
             UPDATE mod_loyalty__points SET points = 11 WHERE id IN (SELECT id FROM best)",
            [],
        );
        assert_eq!(moved.await.expect("run"), 1);
    }

    async fn rows_are_inserted_changed_and_deleted(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let upsert = "INSERT INTO mod_loyalty__points AS p (id, customer_id, points) VALUES (?, ?, ?) \
                      ON CONFLICT (id) DO UPDATE SET points = p.points + excluded.points \
                      WHERE p.customer_id = excluded.customer_id";
        for _ in 0..2 {
            let changed = fixture.execute(upsert, [Integer(9), Integer(2), Integer(4)]).await;
            assert_eq!(changed.expect("run"), 1);
        }
        let points = "SELECT points FROM mod_loyalty__points WHERE id = ?";
        assert_eq!(fixture.value(points, [Integer(9)]).await, Integer(8));
        let update = "UPDATE mod_loyalty__points SET points = points * 2 FROM mod_loyalty__customer c \
                      WHERE c.id = customer_id AND c.name = ? RETURNING points";
        let changed = fixture.query(update, [Text("Bob".to_owned())]).await.expect("run");
        assert_eq!(changed.columns, ["points"]);
        assert_eq!(changed.rows.len(), 2);
        let delete = "DELETE FROM mod_loyalty__points WHERE customer_id = ?";
        assert_eq!(fixture.execute(delete, [Integer(2)]).await.expect("run"), 2);
    }

    async fn a_batch_is_done_as_a_whole_or_not_at_all(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let insert = |id: i64| {
            let text = "INSERT INTO mod_loyalty__customer (id, name) VALUES (?, ?)";
            statement(text, [Integer(id), Text("Cy".to_owned())])
        };
        let count = "SELECT count(*) FROM mod_loyalty__customer";
        // The last breaks the primary key.
        let broken = fixture.sql.batch(&fixture.scope, vec![insert(3), insert(4), insert(1)]).await;
        broken.expect_err("the key is taken");
        assert_eq!(fixture.value(count, []).await, Integer(2));
        let done = fixture.sql.batch(&fixture.scope, vec![insert(3), insert(4)]).await;
        assert_eq!(done.expect("run"), [1, 1]);
        assert_eq!(fixture.value(count, []).await, Integer(4));
        // The second is not the module's: nothing is run.
        let foreign = statement("DELETE FROM product", []);
        let mixed = fixture.sql.batch(&fixture.scope, vec![insert(5), foreign]).await;
        mixed.expect_err("it is another's");
        assert_eq!(fixture.value(count, []).await, Integer(4));
    }

    async fn what_is_run_has_no_comments_and_only_names_in_quotes(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let text = "select /* a */ P.Id from MOD_LOYALTY__POINTS as P -- b\n where p.id = ?";
        let run = fixture.sql.explain(&name(), text).expect("allowed");
        let expected = if database.is_sqlite() {
            "SELECT `p`.`id` FROM `mod_loyalty__points` AS `p` WHERE `p`.`id` = ? LIMIT 10001"
        } else {
            "SELECT \"p\".\"id\" FROM \"mod_loyalty__points\" AS \"p\" WHERE \"p\".\"id\" = $1 LIMIT 10001"
        };
        assert_eq!(run, expected);
    }

    async fn a_word_for_a_column_that_is_not_there_is_no_text(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let error = fixture.query("SELECT \"nmae\" FROM mod_loyalty__customer", []).await;
        let error = error.expect_err("there is no such column").to_string();
        assert!(error.contains("nmae"), "{error}");
    }
}
