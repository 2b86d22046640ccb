//! Several who write at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Server, Site, eventually, on_each_database, user_error};

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
}

#[tokio::test]
async fn a_shop_that_a_command_opens_is_noticed_by_the_server() {
    let site = Site::sqlite();
    let server = site.start().await;
    assert_eq!(server.visitor().count().await, 11);
    site.open_shop("Second").await;
    // The only shop is not the only one any more, which may take a second to be noticed.
    eventually("the server asks for the shop", async || {
        let answer = server.visitor().graphql("{ products { totalCount } }", json!({})).await;
        answer.get("errors").is_some().then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_servers_that_start_at_once_in_one_folder_set_up_one_demo_shop_and_one_owner() {
    let site = Site::sqlite();
    let (one, two) = (site.spawn(&[]), site.spawn(&[]));
    let one = Server::ready(one, site.path(".czo")).await;
    let two = Server::ready(two, site.path(".czo")).await;
    let printed = [&one, &two].map(Server::printed_token);
    assert_eq!(printed.iter().flatten().count(), 1, "{printed:?}");
    let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
    assert_eq!(shops.as_array().map(Vec::len), Some(1), "{shops}");
    assert_eq!([one.owner().count().await, two.owner().count().await], [12, 12]);
}
