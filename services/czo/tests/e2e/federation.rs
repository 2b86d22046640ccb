//! The catalogue as a subgraph of Apollo Federation.

use serde_json::{Value, json};

use crate::support::{Client, Site, on_each_database};

const ENTITIES: &str = "query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
        __typename
        ... on Product { id title }
        ... on ProductVariant { id sku }
    }
}";

/// The entities that these references stand for.
async fn entities(client: &Client, references: &[(&str, &Value)]) -> Value {
    let representations: Vec<_> =
        references.iter().map(|(name, id)| json!({ "__typename": name, "id": id })).collect();
    let variables = json!({ "representations": representations });
    client.data(ENTITIES, variables).await["_entities"].take()
}

#[tokio::test]
async fn the_subgraph_describes_itself_with_the_keys_of_its_entities() {
    let site = Site::sqlite();
    let server = site.start().await;
    let data = server.visitor().data("{ _service { sdl } }", json!({})).await;
    let sdl = data["_service"]["sdl"].as_str().unwrap();
    for keyed in ["type Product @key(fields: \"id\")", "type ProductVariant @key(fields: \"id\")"] {
        assert!(sdl.contains(keyed), "{sdl}");
    }
    assert!(sdl.contains("federation/v2"), "{sdl}");
}

on_each_database! {
    async fn products_and_variants_are_resolved_by_their_keys_in_order(site: Site) {
        let server = site.start().await;
        let visitor = server.visitor();
        let mug = visitor.product("harbour-mug").await;
        let salt = visitor.product("sea-salt").await;
        let found = entities(
            &visitor,
            &[
                ("ProductVariant", &mug["variants"][1]["id"]),
                ("Product", &salt["id"]),
                ("ProductVariant", &salt["variants"][0]["id"]),
                ("Product", &mug["id"]),
            ],
        )
        .await;
        let expected = json!([
            { "__typename": "ProductVariant", "id": mug["variants"][1]["id"], "sku": "MUG-FOG" },
            { "__typename": "Product", "id": salt["id"], "title": "Flaked Sea Salt" },
            { "__typename": "ProductVariant", "id": salt["variants"][0]["id"], "sku": "SLT-080" },
            { "__typename": "Product", "id": mug["id"], "title": "Harbour Mug" },
        ]);
        assert_eq!(found, expected);
    }

    async fn a_draft_is_no_entity_to_a_visitor_by_product_or_by_variant(site: Site) {
        let server = site.start().await;
        let draft = server.owner().product("winter-hamper").await;
        let references =
            [("Product", &draft["id"]), ("ProductVariant", &draft["variants"][0]["id"])];
        assert_eq!(entities(&server.visitor(), &references).await, json!([null, null]));
        let found = entities(&server.owner(), &references).await;
        assert_eq!(found[0]["id"], draft["id"]);
        assert_eq!(found[1]["id"], draft["variants"][0]["id"]);
    }
}

#[tokio::test]
async fn unknown_keys_are_null() {
    let site = Site::sqlite();
    let server = site.start().await;
    let (product, variant) =
        (json!("prod_00000000000000000000000000"), json!("var_00000000000000000000000000"));
    let malformed = json!("x");
    let references = [("Product", &product), ("ProductVariant", &variant), ("Product", &malformed)];
    let found = entities(&server.visitor(), &references).await;
    assert_eq!(found, json!([null, null, null]));
}
