//! A process that dies in the middle of an installation, and a registry without a hand on it.

use std::time::Duration;

use czo_apps::{AppError, Swept};
use czo_core::Classified;
use czo_testkit::on_each_database;

use crate::app_server::Answer;
use crate::world::World;

/// An installation that is cut off after so many messages to the app.
async fn cut_off(world: &World, messages: usize) {
    if messages == 1 {
        world.app.answer_challenge(Answer::Never);
    } else {
        world.app.answer_installed(Answer::Never);
    }
    let (registry, owner, request) = (world.registry.clone(), world.owner.clone(), world.request());
    let installing = tokio::spawn(async move { registry.install(&owner, request).await });
    world.app.wait_for(messages).await;
    installing.abort();
    assert!(installing.await.unwrap_err().is_cancelled());
    world.app.answer_challenge(Answer::Right);
    world.app.answer_installed(Answer::Right);
}

on_each_database! {
    async fn what_is_cut_off_counts_for_nothing(database: TestDatabase) {
        let world = World::new(&database).await;
        cut_off(&world, 2).await;
        assert_eq!(world.texts("SELECT status FROM app_installation").await, ["installing"]);
        assert_eq!(world.whose(&world.app.token()).await, None);
        for table in ["app_token", "app_secret", "app_webhook", "outbox_event"] {
            assert_eq!(world.rows(table).await, 0, "{table}");
        }
    }

    async fn what_is_cut_off_stands_in_the_way_until_it_is_given_up(database: TestDatabase) {
        let world = World::new(&database).await;
        cut_off(&world, 1).await;
        let error = world.try_install().await.unwrap_err();
        assert!(matches!(error, AppError::AlreadyInstalled { .. }), "{error}");
        world.clock.advance(Duration::from_secs(601));
        world.install().await;
        assert_eq!(world.rows("app_installation").await, 1);
    }

    async fn a_sweep_removes_what_was_cut_off_and_nothing_else(database: TestDatabase) {
        let world = World::new(&database).await;
        cut_off(&world, 2).await;
        assert_eq!(world.registry.sweep().await.unwrap(), Swept::default());
        world.clock.advance(Duration::from_secs(601));
        let swept = world.registry.sweep().await.unwrap();
        assert_eq!(swept, Swept { installations: 1, ..Default::default() });
        world.install().await;
        world.clock.advance(Duration::from_secs(601));
        assert_eq!(world.registry.sweep().await.unwrap(), Swept::default());
    }

    async fn an_unfinished_installation_can_be_removed_by_hand(database: TestDatabase) {
        let world = World::new(&database).await;
        cut_off(&world, 1).await;
        let page = czo_repo::PageRequest::new(Default::default()).unwrap();
        let listed = world.registry.list(&world.owner, &page).await.unwrap();
        let id = listed.nodes[0].id;
        let error = world.registry.enable(&world.owner, id).await.unwrap_err();
        assert!(matches!(error, AppError::Installing { .. }), "{error}");
        world.registry.uninstall(&world.owner, id).await.unwrap();
        assert_eq!(world.rows("app_installation").await, 0);
        world.install().await;
    }

    async fn an_installation_that_is_removed_while_it_is_under_way_does_not_finish(database: TestDatabase) {
        let world = World::new(&database).await;
        world.app.answer_challenge(Answer::Late);
        let (registry, owner, request) =
            (world.registry.clone(), world.owner.clone(), world.request());
        let installing = tokio::spawn(async move { registry.install(&owner, request).await });
        world.app.wait_for(1).await;
        let page = czo_repo::PageRequest::new(Default::default()).unwrap();
        let id = world.registry.list(&world.owner, &page).await.unwrap().nodes[0].id;
        world.registry.uninstall(&world.owner, id).await.unwrap();
        world.app.let_go();
        let error = installing.await.unwrap().unwrap_err();
        assert!(matches!(error, AppError::Removed { .. }), "{error}");
        assert_eq!(error.kind(), czo_core::ErrorKind::Conflict);
        assert_eq!(world.rows("app_token").await, 0);
    }
}
