//! Several who write at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Site, eventually, on_each_database, user_error};

/// How many write at once.
const WRITERS: usize = 12;

/// How often each outcome occurred: `done`, or the code of a user error.
fn outcomes(payloads: Vec<Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for payload in payloads {
        let outcome = match payload["product"] {
            Value::Null => user_error(&payload).1.to_owned(),
            _ => "done".to_owned(),
        };
        *counts.entry(outcome).or_default() += 1;
    }
    counts
}

on_each_database! {
    async fn of_many_who_create_one_handle_at_once_one_does(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        let creating = (0..WRITERS).map(|_| owner.create(json!({ "handle": "wanted" })));
        let found = outcomes(futures_util::future::join_all(creating).await);
        let expected = [("TAKEN".to_owned(), WRITERS - 1), ("done".to_owned(), 1)];
        assert_eq!(found, BTreeMap::from(expected));
        assert_eq!(owner.count().await, 13);
    }

    async fn of_many_who_change_one_version_at_once_one_does(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        let id = owner.product("sea-salt").await["id"].take();
        let changing = (0..WRITERS).map(|writer| {
            let title = format!("Salt {writer}");
            owner.update(json!({ "id": id, "expectedVersion": 1, "title": title }))
        });
        let found = outcomes(futures_util::future::join_all(changing).await);
        let expected = [("CONFLICT".to_owned(), WRITERS - 1), ("done".to_owned(), 1)];
        assert_eq!(found, BTreeMap::from(expected));
        assert_eq!(owner.product("sea-salt").await["version"], 2);
    }

    async fn what_a_command_writes_the_server_serves(site: Site) {
        let server = site.start().await;
        let made = site.czo(&["tokens", "create", "--name", "x", "--role", "owner"]).await;
        let client = server.visitor().with_token(made.succeeded().stdout.trim());
        assert_eq!(client.count().await, 12);
        // A second shop: the only one is not the only one any more, which may take a second to
        // be noticed.
        site.open_shop("Second").await;
        eventually("the server asks for the shop", async || {
            let answer = server.visitor().graphql("{ products { totalCount } }", json!({})).await;
            answer.get("errors").is_some().then_some(())
        })
        .await;
    }
}
