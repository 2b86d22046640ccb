//! What is answered.

use czo_modules::SqlValue;
use czo_testkit::on_each_database;

use SqlValue::{Integer, Null, Text};

use crate::fixture::fixture;

on_each_database! {
    async fn an_answer_has_the_names_of_its_columns_even_without_rows(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let text = "SELECT id, points AS worth FROM mod_loyalty__points WHERE id = -1";
        let answer = fixture.query(text, []).await.expect("run");
        assert_eq!(answer.columns, ["id", "worth"]);
        assert!(answer.rows.is_empty());
    }

    async fn rows_are_as_wide_as_the_columns(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let text = "SELECT c.name, p.points FROM mod_loyalty__customer c \
                    LEFT JOIN mod_loyalty__points p ON p.customer_id = c.id AND p.points > 9 \
                    ORDER BY c.name";
        let answer = fixture.query(text, []).await.expect("run");
        let expected = [
            vec![Text("Ada".to_owned()), Integer(10)],
            vec![Text("Bob".to_owned()), Null],
        ];
        assert_eq!(answer.rows, expected);
    }
}
