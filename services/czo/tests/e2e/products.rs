//! Writing products through GraphQL.

use serde_json::{Value, json};

use crate::support::{Client, Site, code_of, on_each_database, user_error};

/// A product id that no shop has.
const NOBODY: &str = "prod_00000000000000000000000000";

async fn created(owner: &Client, fields: Value) -> Value {
    let mut payload = owner.create(fields).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload["product"].take()
}

on_each_database! {
    async fn a_created_product_is_found_by_id_by_handle_and_first_in_the_list(site: Site) {
        let server = site.start().await;
        let product = created(&server.owner(), json!({ "status": "ACTIVE" })).await;
        assert_eq!((&product["handle"], &product["version"]), (&json!("blotter"), &json!(1)));

        let visitor = server.visitor();
        assert_eq!(visitor.product("blotter").await["id"], product["id"]);
        let by_id = "query ($id: ID) { product(id: $id) { handle } }";
        let by_id = visitor.data(by_id, json!({ "id": product["id"] })).await;
        assert_eq!(by_id["product"]["handle"], "blotter");
        assert_eq!(visitor.versions().await[0], ("blotter".to_owned(), 1));
    }

    async fn every_field_of_a_product_is_read_as_it_was_written(site: Site) {
        let server = site.start().await;
        let fields = json!({
            "handle": "läufer-1",
            "title": "Läufer \"№ 1\"",
            "descriptionHtml": "<p>a\n<b>b</b></p>",
            "vendor": "Feder & Kiel",
            "productType": "Desk",
            "status": "ARCHIVED",
            "tags": ["desk", "gift"],
            "options": ["Size", "Colour"],
            "images": [{ "url": "https://images.example/a.jpg", "alt": "A blotter" }],
            "variants": [
                { "optionValues": ["S", "Red"], "price": "3.50", "sku": "B-S-R",
                  "compareAtPrice": "4", "barcode": "4006381333931", "inventoryQuantity": -2 },
                { "optionValues": ["L", "Red"], "price": "0" },
            ],
        });
        created(&server.owner(), fields.clone()).await;
        let read = server.owner().product("läufer-1").await;
        for name in ["handle", "title", "descriptionHtml", "vendor", "productType", "status"] {
            assert_eq!(read[name], fields[name], "{name}");
        }
        assert_eq!((&read["tags"], &read["images"]), (&fields["tags"], &fields["images"]));
        let options = json!([
            { "name": "Size", "values": ["S", "L"] },
            { "name": "Colour", "values": ["Red"] },
        ]);
        assert_eq!(read["options"], options);
        let (first, second) = (&read["variants"][0], &read["variants"][1]);
        assert_eq!(first["price"], json!({ "amount": "3.50", "currencyCode": "EUR" }));
        assert_eq!(first["compareAtPrice"]["amount"], "4.00");
        assert_eq!(first["inventoryQuantity"], -2);
        assert_eq!(second["price"]["amount"], "0.00");
        assert_eq!((&second["sku"], &second["compareAtPrice"]), (&json!(null), &json!(null)));
    }

    async fn an_invalid_price_is_an_error_of_its_field_and_nothing_is_created(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        for price in ["-1", "ten", "", "1,50", "1.234", "99999999999999", "NaN"] {
            let payload = owner.create(json!({ "variants": [{ "price": price }] })).await;
            let (field, code) = user_error(&payload);
            assert_eq!((&*field, code), ("variants.0.price", "INVALID"), "{price:?}");
        }
        assert_eq!(owner.count().await, 12);
    }

    async fn a_handle_of_another_product_is_taken(site: Site) {
        let server = site.start().await;
        let payload = server.owner().create(json!({ "handle": "harbour-mug" })).await;
        assert_eq!(user_error(&payload), ("handle".to_owned(), "TAKEN"));
        let mug = server.owner().product("harbour-mug").await;
        let renamed = server.owner().product("sea-salt").await["id"].take();
        let rename = json!({ "id": renamed, "handle": "harbour-mug" });
        let payload = server.owner().update(rename).await;
        assert_eq!(user_error(&payload), ("handle".to_owned(), "TAKEN"));
        assert_eq!(server.owner().product("harbour-mug").await, mug);
    }

    async fn a_sku_of_another_product_is_taken(site: Site) {
        let server = site.start().await;
        let variants = json!([{ "price": "1", "sku": "MUG-BLU" }]);
        let payload = server.owner().create(json!({ "variants": variants })).await;
        assert_eq!(user_error(&payload), ("variants.0.sku".to_owned(), "TAKEN"));
        assert!(server.owner().product("blotter").await.is_null());
    }

    async fn a_stale_version_is_a_conflict_and_changes_nothing(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        let id = created(&owner, json!({})).await["id"].take();
        let second = owner.update(json!({ "id": id, "expectedVersion": 1, "title": "Second" }));
        assert_eq!(second.await["product"]["version"], 2);

        let stale = owner.update(json!({ "id": id, "expectedVersion": 1, "title": "Stale" })).await;
        assert_eq!(user_error(&stale), (String::new(), "CONFLICT"));
        let now = owner.product("blotter").await;
        assert_eq!((&now["title"], &now["version"]), (&json!("Second"), &json!(2)));
    }

    async fn an_update_that_changes_nothing_keeps_the_version(site: Site) {
        let server = site.start().await;
        let product = created(&server.owner(), json!({})).await;
        let same = json!({ "id": product["id"], "title": product["title"] });
        assert_eq!(server.owner().update(same).await["product"]["version"], 1);
    }

    async fn a_deleted_product_gives_its_handle_and_skus_free(site: Site) {
        let server = site.start().await;
        let owner = server.owner();
        let fields = json!({ "variants": [{ "price": "1", "sku": "BLOT-1" }] });
        let first = created(&owner, fields.clone()).await;
        let id = first["id"].as_str().expect("an id");
        assert_eq!(owner.delete(id).await["deletedProductId"], id);
        assert!(owner.product("blotter").await.is_null());
        assert_ne!(created(&owner, fields).await["id"], first["id"]);
        assert_eq!(user_error(&owner.delete(id).await).1, "NOT_FOUND");
    }

    async fn publishing_shows_a_draft_to_visitors(site: Site) {
        const PUBLISH: &str = "mutation ($id: ID!) {
            productPublish(id: $id) { product { status version } userErrors { message } }
        }";
        let server = site.start().await;
        let id = server.owner().product("winter-hamper").await["id"].take();
        assert!(server.visitor().product("winter-hamper").await.is_null());
        let published = server.owner().data(PUBLISH, json!({ "id": id })).await;
        let expected = json!({ "status": "ACTIVE", "version": 2 });
        assert_eq!(published["productPublish"]["product"], expected);
        assert_eq!(server.visitor().product("winter-hamper").await["id"], id);
    }
}

#[tokio::test]
async fn an_unknown_id_is_not_found_by_any_mutation() {
    let site = Site::sqlite();
    let server = site.start().await;
    let owner = server.owner();
    let publish = "mutation ($id: ID!) {
        productPublish(id: $id) { product { id } userErrors { field code message } }
    }";
    let published = owner.data(publish, json!({ "id": NOBODY })).await["productPublish"].take();
    let updated = owner.update(json!({ "id": NOBODY, "title": "x" })).await;
    for payload in [published, updated, owner.delete(NOBODY).await] {
        assert_eq!(user_error(&payload).1, "NOT_FOUND");
    }
}

#[tokio::test]
async fn an_id_of_another_kind_is_an_error_of_its_field() {
    let site = Site::sqlite();
    let server = site.start().await;
    let owner = server.owner();
    for id in ["", "1", "var_00000000000000000000000000", "prod_u0000000000000000000000000"] {
        let payload = owner.update(json!({ "id": id, "title": "x" })).await;
        assert_eq!(user_error(&payload), ("id".to_owned(), "INVALID"), "{id:?}");
    }
}

#[tokio::test]
async fn everything_wrong_with_a_product_is_said_at_once() {
    let site = Site::sqlite();
    let server = site.start().await;
    let wrong = json!({
        "title": " ",
        "handle": "Not A Handle",
        "tags": ["a,b"],
        "images": [{ "url": "javascript:alert(1)" }],
        "variants": [{ "price": "?" }],
    });
    let payload = server.owner().create(wrong).await;
    let errors = payload["userErrors"].as_array().unwrap().iter();
    let path = |segments: &Value| {
        let segments = segments.as_array().unwrap().iter().map(|segment| segment.as_str().unwrap());
        segments.collect::<Vec<_>>().join(".")
    };
    let mut found: Vec<_> = errors.map(|error| path(&error["field"])).collect();
    found.sort();
    assert_eq!(found, ["handle", "images.0.url", "tags.0", "title", "variants.0.price"]);
    assert!(payload["product"].is_null());
}

#[tokio::test]
async fn a_product_is_asked_for_by_one_of_id_and_handle() {
    let site = Site::sqlite();
    let server = site.start().await;
    let both = "{ product(id: \"x\", handle: \"harbour-mug\") { id } }";
    for query in ["{ product { id } }", both] {
        let answer = server.visitor().graphql(query, json!({})).await;
        assert!(answer["data"]["product"].is_null(), "{answer:#}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("either `id` or `handle`"), "{message}");
    }
}

#[tokio::test]
async fn without_a_shop_to_write_in_the_caller_is_told_to_name_one() {
    let site = Site::sqlite();
    site.start().await.stop().await.succeeded();
    site.open_shop("A second one").await;
    let server = site.start().await;
    let create = "mutation ($input: ProductCreateInput!) {
        productCreate(input: $input) { product { id } userErrors { code message } }
    }";
    let input = json!({ "title": "Blotter", "variants": [{ "price": "1" }] });
    let answer = server.owner().graphql(create, json!({ "input": input })).await;
    let error = &answer["data"]["productCreate"]["userErrors"][0];
    assert!(error["message"].as_str().unwrap_or_default().contains("X-Czo-Shop"), "{answer:#}");
    let list = server.owner().graphql("{ products { totalCount } }", json!({})).await;
    assert_eq!(code_of(&list), "INVALID");
}
