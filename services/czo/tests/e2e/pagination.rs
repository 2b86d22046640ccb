//! Pages of products.

use serde_json::{Value, json};

use crate::support::{Client, Site, code_of, on_each_database};

const PAGE: &str = "query ($first: Int, $after: String, $last: Int, $before: String) {
    products(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        edges { cursor node { handle } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
    }
}";

/// A page, and the handles on it.
async fn page(client: &Client, arguments: Value) -> (Value, Vec<String>) {
    let page = client.data(PAGE, arguments).await["products"].take();
    let edges = page["edges"].as_array().expect("edges").iter();
    let handles = edges.map(|edge| edge["node"]["handle"].as_str().expect("a handle").to_owned());
    let handles = handles.collect();
    (page, handles)
}

/// Every product, in the order of the list.
async fn all(client: &Client) -> Vec<String> {
    client.versions().await.into_iter().map(|(handle, _)| handle).collect()
}

on_each_database! {
    async fn forwards_each_product_is_visited_once_in_order(site: Site) {
        let server = site.start().await;
        let visitor = server.visitor();
        let all = all(&visitor).await;
        assert_eq!(all.len(), 11);
        for size in [1, 4, 10, 11, 100] {
            let (mut visited, mut after) = (Vec::new(), Value::Null);
            loop {
                let (page, handles) =
                    page(&visitor, json!({ "first": size, "after": after })).await;
                assert_eq!(page["totalCount"], 11);
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !visited.is_empty());
                assert!(handles.len() <= size && visited.len() <= 11, "{size}: {visited:?}");
                visited.extend(handles);
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(visited, all, "by {size}");
        }
    }

    async fn a_cursor_is_good_after_a_restart(site: Site) {
        let server = site.start().await;
        let all = all(&server.visitor()).await;
        let (first, _) = page(&server.visitor(), json!({ "first": 3 })).await;
        server.stop().await.succeeded();
        let server = site.start().await;
        let after = first["pageInfo"]["endCursor"].clone();
        let (_, second) = page(&server.visitor(), json!({ "first": 3, "after": after })).await;
        assert_eq!(second, all[3..6]);
    }

    async fn backwards_each_product_is_visited_once_in_order(site: Site) {
        let server = site.start().await;
        let visitor = server.visitor();
        let all = all(&visitor).await;
        for size in [1, 4, 10, 11, 100] {
            let (mut visited, mut before) = (Vec::new(), Value::Null);
            loop {
                let (page, mut handles) =
                    page(&visitor, json!({ "last": size, "before": before })).await;
                assert_eq!(page["pageInfo"]["hasNextPage"], !visited.is_empty());
                assert!(handles.len() <= size && visited.len() <= 11, "{size}: {visited:?}");
                handles.append(&mut visited);
                visited = handles;
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(visited, all, "by {size}");
        }
    }

    async fn a_page_between_two_cursors_has_what_is_between_them(site: Site) {
        let server = site.start().await;
        let (whole, handles) = page(&server.visitor(), json!({ "first": 100 })).await;
        let cursor = |at: usize| whole["edges"][at]["cursor"].clone();
        for argument in ["first", "last"] {
            let between = json!({ argument: 100, "after": cursor(2), "before": cursor(6) });
            assert_eq!(page(&server.visitor(), between).await.1, handles[3..6]);
        }
    }

    async fn a_product_that_is_new_does_not_move_the_pages_behind_a_cursor(site: Site) {
        let server = site.start().await;
        let visitor = server.visitor();
        let all = all(&visitor).await;
        let (first, _) = page(&visitor, json!({ "first": 4 })).await;
        server.owner().create(json!({ "status": "ACTIVE" })).await;
        let after = &first["pageInfo"]["endCursor"];
        assert_eq!(page(&visitor, json!({ "first": 4, "after": after })).await.1, all[4..8]);
    }

    async fn products_are_filtered_by_tag_and_status(site: Site) {
        let server = site.start().await;
        let count = async |client: &Client, arguments: &str| {
            let query = format!("{{ products({arguments}) {{ totalCount nodes {{ tags }} }} }}");
            let data = client.data(&query, json!({})).await["products"].take();
            assert_eq!(data["nodes"].as_array().map(Vec::len), Some(data["totalCount"].as_u64()
                .and_then(|count| usize::try_from(count).ok()).expect("a count")));
            data["totalCount"].as_u64().expect("a count")
        };
        let (visitor, owner) = (server.visitor(), server.owner());
        assert_eq!(count(&visitor, "tag: \"kitchen\"").await, 3);
        assert_eq!(count(&visitor, "tag: \"kit\"").await, 0);
        assert_eq!(count(&visitor, "tag: \"' OR 1=1 --\"").await, 0);
        assert_eq!(count(&visitor, "status: DRAFT").await, 0);
        assert_eq!(count(&owner, "status: DRAFT").await, 1);
        assert_eq!(count(&owner, "status: ARCHIVED").await, 0);
        assert_eq!(count(&owner, "tag: \"winter\", status: ACTIVE").await, 1);
        assert_eq!(count(&owner, "tag: \"winter\"").await, 2);
    }
}

#[tokio::test]
async fn pages_that_make_no_sense_are_refused_with_what_was_expected() {
    let site = Site::sqlite();
    let server = site.start().await;
    for (arguments, expected) in [
        (json!({ "first": 0 }), "`first` between 1 and 100, got 0"),
        (json!({ "first": 101 }), "`first` between 1 and 100, got 101"),
        (json!({ "first": -1 }), "`first` between 1 and 100, got -1"),
        (json!({ "last": 0 }), "`last` between 1 and 100, got 0"),
        (json!({ "last": 101 }), "`last` between 1 and 100, got 101"),
        (json!({ "first": 1, "last": 1 }), "`first` or `last`, got both"),
        (json!({ "after": "x" }), "`after` is not a cursor"),
        (json!({ "before": "" }), "`before` is not a cursor"),
        (json!({ "after": "var_00000000000000000000000000" }), "`after` is not a cursor"),
    ] {
        let answer = server.visitor().graphql(PAGE, arguments.clone()).await;
        assert_eq!(code_of(&answer), "INVALID", "{arguments}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{arguments}: {message}");
    }
}

#[tokio::test]
async fn a_tag_with_control_characters_is_refused() {
    let site = Site::sqlite();
    let server = site.start().await;
    let query = "query ($tag: String) { products(tag: $tag) { totalCount } }";
    let answer = server.visitor().graphql(query, json!({ "tag": "a\u{0}b" })).await;
    assert_eq!(code_of(&answer), "INVALID");
}
