//! Values handed in.

use czo_modules::{HostError, SqlValue};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use SqlValue::{Boolean, Bytes, Integer, Null, Real, Text};

use crate::fixture::fixture;

on_each_database! {
    async fn every_kind_of_value_comes_back(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let bytes = if database.is_sqlite() { "blob" } else { "bytea" };
        let table = format!(
            "CREATE TABLE mod_loyalty__kinds (id bigint PRIMARY KEY, small smallint, whole integer, \
             large bigint, amount double precision, word text, flag boolean, raw {bytes})"
        );
        database.execute_unprepared(&table).await.expect("the table");
        let insert = "INSERT INTO mod_loyalty__kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let full = vec![
            Integer(1), Integer(-5), Integer(70_000), Integer(i64::MAX), Real(1.5),
            Text("Grüße ' \" \\".to_owned()), Boolean(true), Bytes(vec![0, 255, 7]),
        ];
        let nulls = vec![Integer(2), Null, Null, Null, Null, Null, Null, Null];
        for row in [&full, &nulls] {
            assert_eq!(fixture.execute(insert, row.clone()).await.expect("inserted"), 1);
        }
        let found = fixture.query("SELECT * FROM mod_loyalty__kinds ORDER BY id", []).await;
        let mut rows = found.expect("read").rows;
        if database.is_sqlite() {
            assert_eq!(rows[0][6], Integer(1), "SQLite has no booleans");
            rows[0][6] = Boolean(true);
        }
        assert_eq!(rows, [full, nulls]);
    }

    async fn null_fits_wherever_a_value_does(database: TestDatabase) {
        let fixture = fixture(&database).await;
        for text in [
            "SELECT count(*) FROM mod_loyalty__points WHERE points = ?",
            "SELECT count(*) FROM mod_loyalty__customer WHERE name = ?",
            "SELECT count(*) FROM mod_loyalty__customer WHERE name IS NOT NULL AND coalesce(?, 'x') = 'y'",
        ] {
            assert_eq!(fixture.value(text, [Null]).await, Integer(0), "{text}");
        }
    }

    async fn more_or_fewer_values_than_places_are_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        for values in [vec![], vec![Integer(1), Integer(2)]] {
            let error = fixture.query("SELECT id FROM mod_loyalty__points WHERE id = ?", values).await;
            let error = error.expect_err("it has one place").to_string();
            assert!(error.contains("has 1 `?`"), "{error}");
        }
    }

    async fn a_broken_rule_is_the_module_s_fault(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let error = fixture.execute("INSERT INTO mod_loyalty__customer VALUES (1, 'x')", []).await;
        assert!(matches!(error, Err(HostError::Invalid(_))), "{error:?}");
        let error = fixture.query("SELECT * FROM mod_loyalty__missing", []).await;
        assert!(matches!(error, Err(HostError::Invalid(_))), "{error:?}");
    }
}

mod on_postgres {
    use czo_testkit::TestDatabase;

    use super::*;

    #[tokio::test]
    async fn texts_become_what_the_statement_needs() {
        on_postgres(|database: TestDatabase| async move {
            let fixture = fixture(&database).await;
            let uuid = "0193a5e4-7c1e-7c63-9b51-0d6c5f3c2a11";
            for (cast, text, answer) in [
                ("uuid", uuid, uuid),
                ("timestamp with time zone", "2026-11-30T13:00:00+01:00", "2026-11-30T12:00:00Z"),
                (
                    "timestamp with time zone",
                    "2026-11-30T12:00:00.250Z",
                    "2026-11-30T12:00:00.250Z",
                ),
                ("timestamp", "2026-11-30T12:00:00", "2026-11-30T12:00:00"),
                ("date", "1999-12-31", "1999-12-31"),
                ("time", "23:59:58", "23:59:58"),
                ("jsonb", "{\"a\": [1, 2]}", "{\"a\": [1, 2]}"),
                ("json", "{\"a\":1}", "{\"a\":1}"),
                ("numeric", "-12345.6700", "-12345.6700"),
            ] {
                let text_value = Text(text.to_owned());
                let found = fixture.value(&format!("SELECT CAST(? AS {cast})"), [text_value]).await;
                assert_eq!(found, Text(answer.to_owned()), "{cast}");
            }
            let found = fixture.value("SELECT CAST(? AS numeric)", [Integer(1_000_000)]).await;
            assert_eq!(found, Integer(1_000_000), "without decimals it is an integer");
            let found = fixture.value("SELECT sum(points) FROM mod_loyalty__points", []).await;
            assert_eq!(found, Integer(22), "the sum of bigint is numeric");
        })
        .await;
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_and_says_which() {
        on_postgres(|database: TestDatabase| async move {
            let fixture = fixture(&database).await;
            for (text, value) in [
                ("SELECT id FROM mod_loyalty__points WHERE id = ?", Text("1".to_owned())),
                ("SELECT id FROM mod_loyalty__customer WHERE name = ?", Integer(1)),
                ("SELECT CAST(? AS smallint)", Integer(70_000)),
                ("SELECT CAST(? AS uuid)", Text("x".to_owned())),
                ("SELECT CAST(? AS date)", Text("yesterday".to_owned())),
                ("SELECT ?", Integer(5)),
            ] {
                let error = fixture.query(text, [value]).await.expect_err(text);
                let HostError::Invalid(message) = error else { panic!("{text}: {error:?}") };
                assert!(message.contains("value 1"), "{text}: {message}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_table_that_changed_meanwhile_is_read_as_it_is_now() {
        on_postgres(|database: TestDatabase| async move {
            let fixture = fixture(&database).await;
            let read = "SELECT * FROM mod_loyalty__customer ORDER BY id";
            for _ in 0..8 {
                assert_eq!(fixture.query(read, []).await.expect("read").columns.len(), 2);
            }
            let change = "ALTER TABLE mod_loyalty__customer ADD COLUMN level integer";
            database.execute_unprepared(change).await.expect("changed");
            for _ in 0..8 {
                assert_eq!(fixture.query(read, []).await.expect("read").columns.len(), 3);
            }
        })
        .await;
    }

    async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> F) {
        TestDatabase::postgres().await.run(test).await;
    }
}
