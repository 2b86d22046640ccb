//! Migrations are rehearsed.

use czo_modules::{Direction, ModuleMigrationError};
use czo_testkit::on_each_database;

use crate::fixture::{FILES, count, fixture, has_table, migration_error, plan, with};

on_each_database! {
    async fn a_rehearsal_changes_nothing(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.rehearse(&plan(&FILES)).await.expect("all is well");
        assert!(!has_table(&database, "mod_loyalty__customer").await);
        // Also where the tables are there already.
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        fixture.migrations.rehearse(&plan(&FILES)).await.expect("all is well");
        assert_eq!(count(&database, "mod_loyalty__customer").await, 1);
    }

    async fn what_fails_up_or_down_is_found(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let good = ("CREATE TABLE mod_loyalty__x (id bigint)", "DROP TABLE mod_loyalty__x");
        let (missing, back) = ("INSERT INTO mod_loyalty__y VALUES (1)", "DROP TABLE mod_loyalty__y");
        for (up, down, expected) in
            [(missing, good.1, Direction::Up), (good.0, back, Direction::Down)]
        {
            let plan = with("0003", up, down).expect("nothing about it is forbidden");
            let error = migration_error(fixture.migrations.rehearse(&plan).await);
            let ModuleMigrationError::Rehearsal { name, direction, message } = error else {
                panic!("expected a failure, found {error}")
            };
            assert_eq!((name.as_str(), direction), ("0003_more", expected));
            assert!(message.contains("mod_loyalty__y"), "{message}");
        }
    }

    async fn a_way_back_that_leaves_something_is_found(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let plan = with(
            "0003",
            "CREATE TABLE mod_loyalty__x (id bigint); CREATE TABLE mod_loyalty__y (id bigint)",
            "DROP TABLE mod_loyalty__x",
        );
        let plan = plan.expect("nothing about it is forbidden");
        let error = migration_error(fixture.migrations.rehearse(&plan).await);
        let ModuleMigrationError::NotUndone { tables } = error else {
            panic!("expected what is left, found {error}")
        };
        assert_eq!(tables, ["mod_loyalty__y"]);
    }

    async fn tables_of_the_server_are_not_seen(database: TestDatabase) {
        let fixture = fixture(&database).await;
        // The guard refuses others' tables; the place of the rehearsal does not even have them, nor
        // those of the module that are there already.
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        let only = plan(&[
            ("0001_a.up.sql", "INSERT INTO mod_loyalty__customer VALUES (5, 'Eve')"),
            ("0001_a.down.sql", "DELETE FROM mod_loyalty__customer"),
        ]);
        let error = migration_error(fixture.migrations.rehearse(&only).await);
        assert!(matches!(error, ModuleMigrationError::Rehearsal { .. }), "{error}");
        assert_eq!(count(&database, "mod_loyalty__customer").await, 1);
    }
}
