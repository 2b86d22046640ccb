//! Tokens of apps, and when they count.

use std::time::Duration;

use czo_apps::{AppError, AppUpdated};
use czo_core::{Actor, ActorId, ActorType};
use czo_testkit::{assert_queries, on_each_database};
use secrecy::ExposeSecret;

use crate::world::{HOUR, World};

on_each_database! {
    async fn a_token_is_256_bits_and_kept_as_a_hash(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let token = world.app.token();
        assert_eq!(token.len(), "czoapp_".len() + 43);
        let kept = world.texts("SELECT hash FROM app_token").await;
        assert_eq!(kept[0].len(), 64);
        assert!(!kept[0].contains(&token[7..]));
        let listed = world.registry.tokens(&world.owner, app.id).await.unwrap();
        assert_eq!(listed[0].last4, token[token.len() - 4..]);
    }

    async fn a_token_is_looked_up_by_one_statement(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let token = world.app.token();
        let whose = assert_queries!(database, == 1, { world.whose(&token).await });
        assert!(whose.is_some());
        let whose = assert_queries!(database, == 0, { world.whose("czo_of_a_person").await });
        assert!(whose.is_none());
    }

    async fn whoever_acts_with_a_token_is_the_app(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let actor = world.whose(&world.app.token()).await.unwrap().actor();
        let Actor::Known { id, kind, .. } = actor else { panic!("{actor:?}") };
        assert_eq!((id, kind), (ActorId::from(app.id.uuid()), ActorType::App));
    }

    async fn a_token_that_is_nearly_right_is_none(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let token = world.app.token();
        let last = if token.ends_with('A') { "B" } else { "A" };
        let changed = format!("{}{last}", &token[..token.len() - 1]);
        let nearly = [
            "", "czoapp_", &token[..token.len() - 1], &changed, &token.to_lowercase(),
            &format!("{token}="), &format!(" {token}"), &token[7..], "czoapp_' OR 1=1 --",
        ];
        for text in nearly {
            assert_eq!(world.whose(text).await, None, "{text:?}");
        }
    }

    async fn a_token_ends(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let token = world.app.token();
        let end = world.whose(&token).await.unwrap().expires_at;
        world.clock.set(end - Duration::from_micros(1));
        assert!(world.whose(&token).await.is_some());
        world.clock.set(end);
        assert_eq!(world.whose(&token).await, None);
    }

    async fn a_new_token_counts_at_once_and_the_old_one_for_the_overlap(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let old = world.app.token();
        let new = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        assert!(world.whose(new.token.expose_secret()).await.is_some());
        world.clock.set(new.old_until - Duration::from_micros(1));
        assert!(world.whose(&old).await.is_some());
        world.clock.set(new.old_until);
        assert_eq!(world.whose(&old).await, None);
        assert!(world.whose(new.token.expose_secret()).await.is_some());
    }

    async fn without_an_overlap_the_old_token_ends_at_once(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let old = world.app.token();
        world.registry.rotate_token(&world.owner, app.id, Duration::ZERO).await.unwrap();
        assert_eq!(world.whose(&old).await, None);
    }

    async fn a_later_rotation_gives_an_old_token_no_more_time(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let old = world.app.token();
        let first = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        world.registry.rotate_token(&world.owner, app.id, HOUR * 48).await.unwrap();
        world.clock.set(first.old_until);
        assert_eq!(world.whose(&old).await, None);
        assert!(world.whose(first.token.expose_secret()).await.is_some());
    }

    async fn ten_tokens_count_at_once_at_most(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        for _ in 0..9 {
            world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        }
        let error = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap_err();
        assert!(matches!(error, AppError::TooMany { most: 10, .. }), "{error}");
        // What was refused has ended nothing.
        assert!(world.whose(&world.app.token()).await.is_some());
        world.registry.rotate_token(&world.owner, app.id, Duration::ZERO).await.unwrap();
    }

    async fn what_is_revoked_counts_no_more(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let new = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        let revoked = world.registry.revoke_tokens(&world.owner, app.id).await.unwrap();
        assert_eq!(revoked, 2);
        assert_eq!(world.whose(&world.app.token()).await, None);
        assert_eq!(world.whose(new.token.expose_secret()).await, None);
        assert_eq!(world.registry.revoke_tokens(&world.owner, app.id).await.unwrap(), 0);
        // A new one can be made.
        let next = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        assert!(world.whose(next.token.expose_secret()).await.is_some());
        assert_eq!(world.whose(new.token.expose_secret()).await, None);
    }

    async fn tokens_are_in_no_event_and_no_debug(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let _ = world.events.take().await;
        let new = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        assert!(!format!("{new:?}").contains("czoapp_"));
        let events = world.events.take().await;
        let told: AppUpdated = events[0].decode().unwrap();
        assert_eq!(told.changed, ["token"]);
        assert!(!events[0].data.to_string().contains("czoapp_"));
    }

    async fn a_sweep_forgets_tokens_that_have_not_counted_for_a_month(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        world.registry.rotate_token(&world.owner, app.id, Duration::ZERO).await.unwrap();
        world.clock.advance(HOUR * 24 * 30);
        assert_eq!(world.registry.sweep().await.unwrap().tokens, 0);
        world.clock.advance(HOUR);
        assert_eq!(world.registry.sweep().await.unwrap().tokens, 1);
        assert_eq!(world.rows("app_token").await, 1);
    }
}
