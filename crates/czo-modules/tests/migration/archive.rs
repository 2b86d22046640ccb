//! What a module keeps is written down.

use czo_core::{RequestContext, SystemIds};
use czo_modules::{CallScope, Generation, KeyValue, ModuleArchive, ModuleError, SqlKeyValue};
use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::fixture::{FILES, fixture, name, plan};

on_each_database! {
    async fn an_archive_has_tables_values_and_configuration(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        for insert in [
            "INSERT INTO mod_loyalty__points (id, customer_id, points, created_at) VALUES (1, 1, 12, 'now')",
            "CREATE TABLE mod_other__x (id bigint)",
            "INSERT INTO mod_other__x VALUES (1)",
        ] {
            database.execute_unprepared(insert).await.expect(insert);
        }
        let context = RequestContext::system(&SystemIds);
        let scope = CallScope { module: name(), generation: Generation::new(1), context };
        let kv = SqlKeyValue::new(&database);
        kv.set(&scope, "greeting", b"hello".to_vec(), None).await.expect("set");
        kv.increment(&scope, "visits", 3).await.expect("added");
        let (store, config) = (&fixture.store, json!({ "rate": 2 }));
        let work = async |tx: &UnitOfWork| store.set_config(tx, &name(), None, None, &config).await;
        database.transaction(work).await.expect("set");

        let mut archive = Vec::new();
        let rows = ModuleArchive::new(&database).export(&name(), &mut archive).await;
        let rows = rows.expect("written");
        let text = String::from_utf8(archive).expect("text");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0]["archive"], "czo-module-data");
        assert_eq!(lines[0]["module"], "loyalty");
        assert_eq!(lines.last(), Some(&json!({ "end": true, "rows": rows })));
        assert_eq!(rows, 7);
        let of = |table: &str| -> Vec<&Value> {
            lines.iter().filter(|line| line["table"] == table).map(|line| &line["row"]).collect()
        };
        assert_eq!(of("mod_loyalty__customer"), [&json!({ "id": 1, "name": "Ada; Lovelace" })]);
        assert_eq!(
            of("mod_loyalty__points"),
            [&json!({ "id": 1, "customer_id": 1, "points": 12, "created_at": "now" })]
        );
        assert_eq!(of("mod_other__x").len(), 0);
        assert_eq!(of("modules_migration").len(), 2);
        assert_eq!(of("modules_config")[0]["config"], "{\"rate\":2}");
        let kept = of("modules_kv");
        assert_eq!((&kept[0]["key"], &kept[1]["key"]), (&json!("greeting"), &json!("visits")));
        assert_eq!(kept[1]["number"], 3);
        let hello = if database.is_sqlite() {
            json!({ "hex": "68656c6c6f" })
        } else {
            json!("\\x68656c6c6f")
        };
        assert_eq!(kept[0]["value"], hello);
    }

    async fn a_writer_that_fails_is_told(database: TestDatabase) {
        fixture(&database).await;
        let mut room = [0_u8; 10];
        let mut full = std::io::Cursor::new(room.as_mut_slice());
        let outcome = ModuleArchive::new(&database).export(&name(), &mut full).await;
        assert!(matches!(outcome, Err(ModuleError::Export { .. })), "{outcome:?}");
    }
}
