//! Migrations are applied and taken back.

use czo_modules::{ModuleError, ModuleMigrationError, StoreError};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::fixture::{FILES, count, fixture, has_table, migration_error, name, plan, with};

on_each_database! {
    async fn what_is_pending_is_applied_and_taken_back(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let first = plan(&FILES[..2]);
        let done = fixture.migrations.up(&fixture.operation, &first).await.expect("applied");
        assert_eq!(done.len(), 1);
        assert_eq!(count(&database, "mod_loyalty__customer").await, 1);
        let done = fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        let names: Vec<_> = done.iter().map(|done| done.name.as_str()).collect();
        assert_eq!(names, ["0002_points"]);
        let done = fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        assert!(done.is_empty());

        let back = fixture.migrations.down_to(&fixture.operation, &name(), 1).await;
        assert_eq!(back.expect("taken back"), 1);
        assert!(!has_table(&database, "mod_loyalty__points").await);
        assert!(has_table(&database, "mod_loyalty__customer").await);
        let back = fixture.migrations.down_to(&fixture.operation, &name(), 0).await;
        assert_eq!(back.expect("taken back"), 1);
        assert!(fixture.migrations.applied(&name()).await.expect("read").is_empty());
    }

    async fn a_migration_that_fails_leaves_everything_as_before(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        let broken = with(
            "0003",
            "CREATE TABLE mod_loyalty__level (id bigint PRIMARY KEY);\n\
             UPDATE mod_loyalty__customer SET name = 'Bob';\n\
             INSERT INTO mod_loyalty__customer (id, name) VALUES (1, 'again');",
            "DROP TABLE mod_loyalty__level",
        );
        let broken = broken.expect("nothing about it is forbidden");
        let error = migration_error(fixture.migrations.up(&fixture.operation, &broken).await);
        assert!(matches!(error, ModuleMigrationError::Failed { .. }), "{error}");
        assert!(!has_table(&database, "mod_loyalty__level").await);
        assert_eq!(count(&database, "mod_loyalty__customer WHERE name LIKE 'Ada%'").await, 1);
        assert_eq!(fixture.migrations.applied(&name()).await.expect("read").len(), 2);
    }

    async fn what_was_changed_after_it_was_applied_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        let mut files = FILES;
        files[2].1 = "CREATE TABLE mod_loyalty__points (id bigint PRIMARY KEY);";
        let error = fixture.migrations.up(&fixture.operation, &plan(&files)).await;
        let error = migration_error(error);
        assert!(matches!(error, ModuleMigrationError::Changed { .. }), "{error}");
    }

    async fn an_older_package_is_refused_until_what_is_beyond_it_is_taken_back(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        let older = plan(&FILES[..2]);
        let error = migration_error(fixture.migrations.up(&fixture.operation, &older).await);
        assert!(matches!(error, ModuleMigrationError::Unknown { .. }), "{error}");
        let back = fixture.migrations.down_to(&fixture.operation, &name(), older.last()).await;
        assert_eq!(back.expect("taken back"), 1);
        let done = fixture.migrations.up(&fixture.operation, &older).await.expect("nothing to do");
        assert!(done.is_empty());
    }

    async fn a_new_migration_before_those_that_are_applied_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let table = "CREATE TABLE mod_loyalty__x (id bigint)";
        let late = with("0015", table, "DROP TABLE mod_loyalty__x").expect("good");
        assert_eq!(late.last(), 15);
        fixture.migrations.up(&fixture.operation, &late).await.expect("applied");
        let mut files = FILES.to_vec();
        files.extend([
            ("0015_more.up.sql", table),
            ("0015_more.down.sql", "DROP TABLE mod_loyalty__x"),
            ("0007_between.up.sql", "CREATE TABLE mod_loyalty__y (id bigint)"),
            ("0007_between.down.sql", "DROP TABLE mod_loyalty__y"),
        ]);
        let error = migration_error(fixture.migrations.up(&fixture.operation, &plan(&files)).await);
        assert!(matches!(error, ModuleMigrationError::OutOfOrder { .. }), "{error}");
    }

    async fn whoever_was_taken_over_migrates_nothing(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let age = "UPDATE modules_operation SET lease_until = 0";
        database.execute_unprepared(age).await.expect("aged");
        fixture.store.take_over(fixture.operation.id).await.expect("asked").expect("taken");
        let error = fixture.migrations.up(&fixture.operation, &plan(&FILES)).await;
        let is_lost = matches!(error, Err(ModuleError::Store(StoreError::LeaseLost { .. })));
        assert!(is_lost, "{error:?}");
        assert!(!has_table(&database, "mod_loyalty__customer").await);
    }
}
