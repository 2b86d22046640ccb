//! Of random statements, none reaches another's table.

use std::cell::Cell;
use std::ops::ControlFlow;

use czo_modules::GuardedSql;
use czo_testkit::TestDatabase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlparser::ast::{ObjectName, Visit, Visitor};
use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::fixture::name;

/// Names of tables and common table expressions, most of them not the module's.
fn relation() -> impl Strategy<Value = String> {
    prop_oneof![
        24 => Just("mod_loyalty__points".to_owned()),
        1 => Just("product".to_owned()),
        2 => Just("x".to_owned()),
        1 => Just("y".to_owned()),
        1 => Just("mod_loyalty_points__secret".to_owned()),
        1 => Just("\"Product\"".to_owned()),
        1 => Just("public.product".to_owned()),
        1 => Just("pg_class".to_owned()),
        1 => Just("sqlite_master".to_owned()),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => Just("1".to_owned()),
        8 => Just("'a'".to_owned()),
        8 => Just("?".to_owned()),
        8 => Just("id".to_owned()),
        8 => Just("x.id".to_owned()),
        8 => Just("lower('A')".to_owned()),
        1 => Just("pg_sleep(1)".to_owned()),
        1 => Just("'product'::regclass".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (inner.clone(), relation()).prop_map(|(a, t)| format!("(SELECT max({a}) FROM {t})")),
            (inner.clone(), relation()).prop_map(|(a, t)| format!("{a} IN (SELECT id FROM {t})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("CASE WHEN {a} THEN {b} END")),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let plain = (expression(), relation(), expression()).prop_map(|(item, table, condition)| {
        format!("SELECT {item} FROM {table} WHERE {condition}")
    });
    plain.prop_recursive(3, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(cte, body, recursive)| {
                let recursive = if recursive { "RECURSIVE " } else { "" };
                format!("WITH {recursive}x AS ({cte}) {body}")
            }),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                "WITH product AS ({a}), y AS ({b}) SELECT * FROM product, y"
            )),
            (inner.clone(), relation())
                .prop_map(|(a, t)| format!("SELECT * FROM ({a}) x JOIN {t} ON true")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) UNION ALL ({b})")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => query(),
        1 => (relation(), query()).prop_map(|(t, q)| format!("INSERT INTO {t} {q}")),
        1 => (relation(), expression(), expression())
            .prop_map(|(t, a, b)| format!("UPDATE {t} SET points = {a} WHERE {b}")),
        1 => (relation(), expression()).prop_map(|(t, a)| format!("DELETE FROM {t} WHERE {a}")),
        1 => (query(), relation(), expression())
            .prop_map(|(q, t, a)| format!("WITH x AS ({q}) DELETE FROM {t} WHERE {a}")),
    ]
}

/// Finds relations whose names don't begin with the prefix.
struct Foreign;

impl Visitor for Foreign {
    type Break = String;

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        let text = relation.to_string().replace(['"', '`'], "");
        if text.starts_with("mod_loyalty__") {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(text)
        }
    }
}

#[tokio::test]
async fn no_statement_that_is_run_names_a_table_of_another() {
    let (sqlite, postgres) = (TestDatabase::sqlite().await, TestDatabase::postgres().await);
    let guards = [GuardedSql::new(&sqlite), GuardedSql::new(&postgres)];
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(600) });
    let allowed = Cell::new(0);
    let outcome = runner.run(&statement(), |text| {
        for (guard, is_sqlite) in guards.iter().zip([true, false]) {
            let Ok(run) = guard.explain(&name(), &text) else { continue };
            allowed.set(allowed.get() + 1);
            // Read as that database would, not as the guard does.
            let read = match is_sqlite {
                true => Parser::parse_sql(&SQLiteDialect {}, &run),
                false => Parser::parse_sql(&PostgreSqlDialect {}, &run),
            };
            let read = read.map_err(|error| TestCaseError::fail(format!("{run}: {error}")))?;
            prop_assert_eq!(read.len(), 1);
            if let ControlFlow::Break(table) = read.visit(&mut Foreign) {
                return Err(TestCaseError::fail(format!("{table} in {run}")));
            }
            prop_assert!(!run.contains("pg_sleep") && !run.contains("regclass"), "{}", run);
        }
        Ok(())
    });
    outcome.expect("none names another's table");
    assert!(allowed.get() > 100, "only {} were run", allowed.get());
    postgres.run(async |_| ()).await;
}
