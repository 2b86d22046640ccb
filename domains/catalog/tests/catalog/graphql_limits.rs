//! What a visitor may not make the schema do, and what honest queries may.

use czo_catalog::{Image, Product, ProductDraft};
use czo_testkit::{assert_queries, on_each_database};
use serde_json::{Value, json};

use crate::graphql::{ask, subgraph};
use crate::shop::{Fixture, shirt, simple, variant};

/// All that there is to know of a variant.
const VARIANT: &str = "id sku barcode optionValues inventoryQuantity __typename
    price { amount currencyCode minorUnits } compareAtPrice { amount currencyCode minorUnits }";

/// Everything a product may have, as much as it may have of it.
fn huge() -> ProductDraft {
    ProductDraft {
        title: "Huge".to_owned(),
        description_html: "x".repeat(512 * 1024),
        tags: (0..250).map(|n| format!("tag-{n}")).collect(),
        images: (0..250)
            .map(|n| Image { url: format!("https://x.test/{n}/{}", "x".repeat(2_000)), alt: None })
            .collect(),
        variants: (0..2_048).map(|n| variant(&format!("S{n}"), &format!("HUGE-{n}"))).collect(),
        ..shirt()
    }
}

fn aliases(count: usize, field: &str) -> String {
    (0..count).map(|n| format!("a{n}: {field} ")).collect()
}

fn in_huge(fields: &str) -> String {
    format!("{{ product(handle: \"huge\") {{ {fields} }} }}")
}

/// The answer has no data, is small, and says that something is too large.
fn assert_too_large(answer: &Value) {
    assert!(answer["data"].is_null() && answer.to_string().len() < 1_000, "{answer:#}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_LARGE", "{answer:#}");
}

/// An active product of each number, with a variant.
async fn fill(shop: &Fixture, count: usize) -> Vec<Product> {
    let mut products = Vec::new();
    for number in 0..count {
        products.push(shop.create(simple(&format!("Product {number}"))).await);
    }
    products
}

on_each_database! {
    async fn a_product_with_all_it_may_have_can_be_read_but_not_a_hundredfold(
        database: TestDatabase
    ) {
        let shop = Fixture::uncached(&database).await;
        let schema = subgraph(&shop);
        shop.create(huge()).await;
        let all = in_huge(&format!(
            "title descriptionHtml tags options {{ name values }} images {{ url alt }}
             variants {{ {VARIANT} }}"
        ));
        let answer = assert_queries!(database, == 2, {
            ask(&schema, &shop.visitor, &all, json!({})).await
        });
        let variants = answer["data"]["product"]["variants"].as_array().unwrap();
        assert_eq!(variants.len(), 2_048);

        for fields in [
            format!("variants {{ {} }}", aliases(1_000, "sku")),
            format!("variants {{ {} }}", "__typename ".repeat(5_000)),
            format!("variants {{ {}: sku }}", "a".repeat(128)).repeat(25),
            aliases(9, "variants { id sku price { amount } compareAtPrice { amount } }"),
            aliases(20, "descriptionHtml"),
            format!("images {{ {} }}", aliases(100, "url")),
            aliases(1_000, "tags"),
            format!("options {{ {} }}", aliases(100, "values")),
        ] {
            let answer = assert_queries!(database, == 2, {
                ask(&schema, &shop.visitor, &in_huge(&fields), json!({})).await
            });
            assert_too_large(&answer);
        }
    }

    async fn a_mutation_whose_answer_is_too_large_is_done(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let id = shop.create(huge()).await.id.to_string();
        let query = format!(
            "mutation ($id: ID!) {{ productUpdate(input: {{ id: $id, title: \"New\" }}) {{
                product {{ title variants {{ {} }} }} userErrors {{ code }} }} }}",
            aliases(1_000, "sku")
        );
        let answer = ask(&schema, &shop.owner, &query, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_LARGE", "{answer:#}");
        assert_eq!(answer["data"]["productUpdate"]["product"]["title"], "New", "{answer:#}");
    }

    async fn a_full_page_with_every_variant_is_not_too_much(database: TestDatabase) {
        let shop = Fixture::uncached(&database).await;
        let schema = subgraph(&shop);
        fill(&shop, 100).await;
        let query = format!(
            "{{ products(first: 100) {{ totalCount pageInfo {{ hasNextPage endCursor }}
                edges {{ cursor node {{ id handle title descriptionHtml vendor productType status
                tags options {{ name values }} images {{ url alt }} version createdAt updatedAt
                priceRange {{ min {{ amount currencyCode }} max {{ amount currencyCode }} }}
                variants {{ {VARIANT} }} }} }} }} }}"
        );
        let answer = assert_queries!(database, == 3, {
            ask(&schema, &shop.visitor, &query, json!({})).await
        });
        assert_eq!(answer["data"]["products"]["totalCount"], 100, "{answer:#}");
        assert!(answer["errors"].is_null(), "{answer:#}");
    }

    async fn one_request_runs_a_bounded_number_of_statements(database: TestDatabase) {
        let shop = Fixture::uncached(&database).await;
        let schema = subgraph(&shop);
        fill(&shop, 3).await;
        let visitor = &shop.visitor;
        let one = "product(handle: \"product-1\") { id }";
        for (count, field) in [(1_000, one), (100, one), (40, "products(first: 100) { nodes { id } }")] {
            let query = format!("{{ {} }}", aliases(count, field));
            let answer = assert_queries!(database, == 0, {
                ask(&schema, visitor, &query, json!({})).await
            });
            assert!(answer["data"].is_null(), "{answer:#}");
        }
        let query = format!("{{ {} }}", aliases(98, one));
        let answer = assert_queries!(database, == 196, {
            ask(&schema, visitor, &query, json!({})).await
        });
        assert!(answer["errors"].is_null(), "{answer:#}");

        let counts = format!("{{ products(first: 1) {{ {} }} }}", aliases(3_000, "totalCount"));
        let answer = assert_queries!(database, <= 3, {
            ask(&schema, visitor, &counts, json!({})).await
        });
        assert_eq!(answer["data"]["products"]["a2999"], 3, "{answer:#}");
    }

    async fn a_request_names_some_hundred_entities_but_not_thousands(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let id = fill(&shop, 1).await[0].id.to_string();
        let query = |times: usize| {
            let field = "_entities(representations: $named) { __typename ... on Product { title } }";
            format!("query ($named: [_Any!]!) {{ {} }}", aliases(times, field))
        };
        let named = |count: usize| {
            json!({ "named": vec![json!({ "__typename": "Product", "id": id }); count] })
        };
        // As many as the loader's batches, which close after a millisecond.
        let answer = assert_queries!(database, <= 100, {
            ask(&schema, &shop.visitor, &query(1), named(900)).await
        });
        assert_eq!(answer["data"]["a0"][899]["title"], "Product 0", "{:?}", answer["errors"]);
        for (times, count) in [(1, 10_000), (50, 100)] {
            let answer = assert_queries!(database, <= 100, {
                ask(&schema, &shop.visitor, &query(times), named(count)).await
            });
            assert_too_large(&answer);
        }
    }
}
