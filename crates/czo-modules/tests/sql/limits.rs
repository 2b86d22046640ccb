//! What is too much.

use std::time::{Duration, Instant};

use czo_modules::{HostError, ModuleSql, SqlValue};
use czo_testkit::on_each_database;

use crate::fixture::{fixture, statement};

/// A query of `rows` rows.
fn counting(rows: u32) -> String {
    format!(
        "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {rows}) \
         SELECT n FROM up"
    )
}

on_each_database! {
    async fn an_answer_of_more_than_ten_thousand_rows_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let answer = fixture.query(&counting(10_000), []).await.expect("it is not too much");
        assert_eq!(answer.rows.len(), 10_000);
        for text in [counting(10_001), format!("{} LIMIT 20000", counting(20_000))] {
            let error = fixture.query(&text, []).await;
            assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        }
        // What follows is not disturbed.
        let text = "SELECT count(*) FROM mod_loyalty__points";
        assert_eq!(fixture.value(text, []).await, SqlValue::Integer(3));
    }

    async fn an_answer_of_more_than_eight_mib_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let insert = "INSERT INTO mod_loyalty__customer (id, name) VALUES (?, ?)";
        for id in 10..20 {
            let name = SqlValue::Text("x".repeat(1 << 20));
            fixture.execute(insert, [SqlValue::Integer(id), name]).await.expect("inserted");
        }
        let error = fixture.query("SELECT * FROM mod_loyalty__customer", []).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
    }

    async fn a_statement_without_end_is_stopped_after_five_seconds(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let began = Instant::now();
        let endless = "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) \
                       SELECT count(*) FROM up";
        let error = fixture.query(endless, []).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let text = "SELECT count(*) FROM mod_loyalty__points";
        assert_eq!(fixture.value(text, []).await, SqlValue::Integer(3));
    }

    async fn a_batch_of_more_than_a_hundred_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let statements = vec![statement("DELETE FROM mod_loyalty__points", []); 101];
        let error = fixture.sql.batch(&fixture.scope, statements).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_value_that_doubles_and_doubles_is_stopped_on_sqlite() {
    let database = czo_testkit::TestDatabase::sqlite().await;
    let fixture = fixture(&database).await;
    let doubling = "WITH RECURSIVE up (n, x) AS (SELECT 1, 'xxxxxxxx' UNION ALL \
                    SELECT n + 1, x || x FROM up WHERE n < 40) \
                    SELECT max(length(x)) FROM up";
    let error = fixture.query(doubling, []).await;
    assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
}
