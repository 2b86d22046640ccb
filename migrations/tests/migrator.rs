//! Migrations go up and down on both databases, and tell what they did.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use czo_migrations::{MigrationError, Migrator, apps, catalog, jobs, outbox, runtime, webhooks};
use czo_testkit::on_each_database;

fn migrator() -> Migrator {
    Migrator::new(vec![runtime(), outbox(), jobs(), apps(), webhooks(), catalog()])
}

on_each_database! {
    async fn everything_goes_up_and_down_and_up_again(database: TestDatabase) {
        let pending = migrator().status(&database).await.unwrap();
        assert!(pending.iter().all(|migration| !migration.applied));

        let applied = migrator().up(&database).await.unwrap();
        assert_eq!(applied.len(), pending.len());
        assert!(applied.iter().all(|migration| migration.applied));
        assert_eq!(migrator().up(&database).await.unwrap(), []);

        let taken_back = migrator().down(&database, None).await.unwrap();
        assert_eq!(taken_back.len(), pending.len());
        assert_eq!(migrator().up(&database).await.unwrap().len(), pending.len());
    }

    async fn one_owner_goes_without_the_others(database: TestDatabase) {
        let catalog = migrator().only("catalog").unwrap();
        let applied = catalog.up(&database).await.unwrap();
        assert!(applied.iter().all(|migration| migration.owner == "catalog"));
        let states = migrator().status(&database).await.unwrap();
        assert!(states.iter().all(|state| state.applied == (state.owner == "catalog")));
    }

    async fn two_migrators_at_once_apply_everything_once(database: TestDatabase) {
        let (first, second) = (migrator(), migrator());
        let (first, second) = tokio::join!(first.up(&database), second.up(&database));
        let total = first.unwrap().len() + second.unwrap().len();
        assert_eq!(total, migrator().status(&database).await.unwrap().len());
    }
}

#[test]
fn an_unknown_owner_is_refused_with_the_ones_there_are() {
    let error = migrator().only("catalogue").unwrap_err();
    assert!(matches!(error, MigrationError::UnknownOwner { .. }));
    assert_eq!(
        error.to_string(),
        "there is no owner `catalogue`: the owners are runtime, outbox, jobs, apps, webhooks, catalog"
    );
}
