//! What happens between a start and the first request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use czo_core::{Actor, Classified, ErrorKind, ShopDirectory, StaticRoles, SystemClock, SystemIds};
use czo_http::Authenticator;
use czo_migrations::{Migrator, runtime};
use czo_runtime::{AccessTokens, RuntimeError, Shops};
use czo_testkit::{TestDatabase, assert_queries, on_each_database};
use secrecy::ExposeSecret;

async fn tokens(database: &TestDatabase) -> AccessTokens {
    Migrator::new(vec![runtime()]).up(database).await.unwrap();
    AccessTokens::new(database.database(), Arc::new(SystemClock), Arc::new(SystemIds))
}

async fn shops(database: &TestDatabase) -> Shops {
    Migrator::new(vec![runtime()]).up(database).await.unwrap();
    Shops::new(database.database(), Arc::new(SystemClock), Arc::new(SystemIds))
}

fn roles() -> StaticRoles {
    StaticRoles::new([("editor".to_owned(), vec!["product:*".parse().unwrap()])])
}

on_each_database! {
    async fn the_owner_token_is_made_once_and_works(database: TestDatabase) {
        let tokens = tokens(&database).await;
        let owner = tokens.first_owner(|_| Ok(())).await.unwrap().unwrap();
        assert!(tokens.first_owner(|_| Ok(())).await.unwrap().is_none());
        let actor = tokens.authenticate(owner.expose_secret()).await.unwrap().unwrap();
        assert!(matches!(actor, Actor::Known { roles, .. } if roles == ["owner"]));
    }

    async fn an_owner_token_that_cannot_be_kept_is_not_made(database: TestDatabase) {
        let tokens = tokens(&database).await;
        let full = || RuntimeError::File {
            path: "owner-token".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        assert!(tokens.first_owner(|_| Err(full())).await.is_err());
        assert!(tokens.list().await.unwrap().is_empty());
        assert!(tokens.first_owner(|_| Ok(())).await.unwrap().is_some());
    }

    async fn of_servers_that_start_at_once_one_makes_the_owner_token(database: TestDatabase) {
        let tokens = tokens(&database).await;
        let starts = (0..6).map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.first_owner(|_| Ok(())).await.unwrap().is_some() })
        });
        let mut made = 0;
        for start in starts.collect::<Vec<_>>() {
            made += usize::from(start.await.unwrap());
        }
        assert_eq!((made, tokens.list().await.unwrap().len()), (1, 1));
    }

    async fn a_wrong_a_changed_and_a_revoked_token_are_unknown(database: TestDatabase) {
        let tokens = tokens(&database).await;
        let (id, token) = tokens.create("ci", "editor", &roles()).await.unwrap();
        let token = token.expose_secret();
        assert!(tokens.authenticate(token).await.unwrap().is_some());
        let mut changed = token.to_owned();
        changed.pop();
        for wrong in ["", "czo_", "x", &changed, &format!("{token}x"), "czo_' OR 1=1 --", "czo_\0"] {
            assert!(tokens.authenticate(wrong).await.unwrap().is_none(), "{wrong:?}");
        }
        tokens.revoke(id).await.unwrap();
        assert!(tokens.authenticate(token).await.unwrap().is_none());
        let again = tokens.revoke(id).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::NotFound);
    }

    async fn the_database_holds_no_token(database: TestDatabase) {
        use sea_orm::ConnectionTrait;

        let tokens = tokens(&database).await;
        let (_, token) = tokens.create("ci", "editor", &roles()).await.unwrap();
        let select = "SELECT hash, name, role FROM runtime_access_token";
        let statement = sea_orm::Statement::from_string(database.get_database_backend(), select);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        let hash: String = row.try_get("", "hash").unwrap();
        assert!(!hash.contains(token.expose_secret()) && hash.len() == 64);
    }

    async fn a_token_of_an_unknown_role_is_not_made(database: TestDatabase) {
        let tokens = tokens(&database).await;
        let error = tokens.create("ci", "admin", &roles()).await.unwrap_err();
        assert!(matches!(error, RuntimeError::UnknownRole { .. }));
        assert!(error.to_string().contains("there are editor, owner"), "{error}");
    }

    async fn the_only_shop_is_the_one_until_there_are_two(database: TestDatabase) {
        let shops = shops(&database).await;
        assert_eq!(shops.only_shop().await.unwrap(), None);
        let first = shops.create(" Lighthouse ", "EUR".parse().unwrap()).await.unwrap();
        assert_eq!(first.name, "Lighthouse");
        assert_eq!(shops.only_shop().await.unwrap(), Some(first.clone()));
        let second = shops.create("Harbour", "JPY".parse().unwrap()).await.unwrap();
        assert_eq!(shops.only_shop().await.unwrap(), None);
        assert_eq!(shops.list().await.unwrap(), [first, second]);
    }

    async fn a_shop_is_looked_up_once(database: TestDatabase) {
        let shops = shops(&database).await;
        let shop = shops.create("Lighthouse", "EUR".parse().unwrap()).await.unwrap();
        assert_queries!(database, == 1, {
            for _ in 0..5 {
                assert_eq!(shops.find(shop.id).await.unwrap().as_ref(), Some(&shop));
            }
        });
    }
}
