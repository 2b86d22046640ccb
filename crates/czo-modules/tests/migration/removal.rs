//! A module's tables go.

use czo_repo::UnitOfWork;
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::fixture::{FILES, fixture, has_table, name, plan};

on_each_database! {
    async fn all_tables_of_the_module_go_and_nobody_else_s(database: TestDatabase) {
        let fixture = fixture(&database).await;
        fixture.migrations.up(&fixture.operation, &plan(&FILES)).await.expect("applied");
        for table in [
            "CREATE TABLE mod_loyalty_points__other (id bigint)",
            "CREATE TABLE modxloyaltyx_other (id bigint)",
            "INSERT INTO mod_loyalty__points (id, customer_id) VALUES (1, 1)",
        ] {
            database.execute_unprepared(table).await.expect(table);
        }
        let (migrations, operation) = (&fixture.migrations, &fixture.operation);
        let work = async |tx: &UnitOfWork| migrations.drop_tables(tx, operation, &name()).await;
        let gone = database.transaction(work).await.expect("dropped");
        assert_eq!(gone, ["mod_loyalty__customer", "mod_loyalty__points"]);
        for table in gone {
            assert!(!has_table(&database, &table).await, "{table}");
        }
        for table in ["mod_loyalty_points__other", "modxloyaltyx_other", "modules_module"] {
            assert!(has_table(&database, table).await, "{table}");
        }
        assert!(migrations.applied(&name()).await.expect("read").is_empty());
        let again = migrations.up(operation, &plan(&FILES)).await.expect("applied again");
        assert_eq!(again.len(), 2);
    }
}
