//! The schema, through the domain as a server registers it.

use async_graphql::{Request, Response, Variables};
use czo_catalog::Catalog;
use czo_core::{RequestContext, ShopId, SystemIds};
use czo_domain::{Domain, Registration};
use czo_graphql::Subgraph;
use czo_testkit::{assert_queries, on_each_database};
use serde_json::{Value, json};

use crate::shop::{Fixture, shirt, simple};

pub(crate) fn subgraph(shop: &Fixture) -> Subgraph {
    let mut registration = Registration::default();
    Catalog::new().register(&shop.context, &mut registration).unwrap();
    registration.into_parts().subgraph.unwrap()
}

pub(crate) async fn ask(
    schema: &Subgraph,
    ctx: &RequestContext,
    query: &str,
    variables: Value,
) -> Value {
    let request = Request::new(query).variables(Variables::from_json(variables));
    let response: Response = schema.execute(request, ctx.clone()).await;
    serde_json::to_value(response).unwrap()
}

/// How many entities a gateway names.
const ENTITIES: usize = 40;

const CREATE: &str = "mutation ($input: ProductCreateInput!) {
    productCreate(input: $input) {
        product { id handle version status variants { id price { amount currencyCode minorUnits } } }
        userErrors { field code message }
    }
}";

on_each_database! {
    async fn a_product_page_and_a_list_of_twenty_take_two_statements_each(
        database: TestDatabase
    ) {
        let shop = Fixture::uncached(&database).await;
        let schema = subgraph(&shop);
        shop.create(shirt()).await;
        for number in 0..25 {
            shop.create(simple(&format!("Product {number}"))).await;
        }
        let page = "{ product(handle: \"ocean-blue-shirt\") {
            title options { name values } variants { sku price { amount } }
            priceRange { min { amount } max { amount } } } }";
        let answer = assert_queries!(database, == 2, {
            ask(&schema, &shop.visitor, page, json!({})).await
        });
        assert_eq!(answer["data"]["product"]["options"][0]["values"], json!(["S", "M"]));
        let list = "{ products(first: 20) { nodes { title variants { sku price { amount } } } } }";
        let answer = assert_queries!(database, == 2, {
            ask(&schema, &shop.visitor, list, json!({})).await
        });
        assert_eq!(answer["data"]["products"]["nodes"].as_array().unwrap().len(), 20);
    }

    async fn entities_named_by_a_gateway_are_loaded_together(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let mut products = Vec::new();
        for number in 0..ENTITIES {
            products.push(shop.create(simple(&format!("Product {number}"))).await);
        }
        let named = |typename: &str, ids: Vec<String>| {
            let all = ids.into_iter().map(|id| json!({ "__typename": typename, "id": id }));
            json!({ "named": all.collect::<Vec<_>>() })
        };
        let query = "query ($named: [_Any!]!) { _entities(representations: $named) {
            ... on Product { title } ... on ProductVariant { price { amount } } } }";
        let ids = products.iter().map(|product| product.id.to_string()).collect();
        // One by one they would be two statements each. A loader gathers for a millisecond, so that
        // a busy machine may need a few rounds.
        let answer = assert_queries!(database, <= ENTITIES / 2, {
            ask(&schema, &shop.visitor, query, named("Product", ids)).await
        });
        assert_eq!(answer["data"]["_entities"][9]["title"], "Product 9", "{answer}");
        let ids = products.iter().map(|product| product.variants[0].id.to_string()).collect();
        let answer = assert_queries!(database, <= ENTITIES / 2, {
            ask(&schema, &shop.visitor, query, named("ProductVariant", ids)).await
        });
        assert_eq!(answer["data"]["_entities"][9]["price"]["amount"], "1.00", "{answer}");
    }

    async fn a_mutation_answers_with_the_product_or_with_typed_user_errors(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let input = json!({ "input": { "title": "Mug", "variants": [{ "price": "4.5" }] } });
        let answer = ask(&schema, &shop.owner, CREATE, input.clone()).await;
        let product = &answer["data"]["productCreate"]["product"];
        assert_eq!(product["status"], "DRAFT", "{answer}");
        assert_eq!(
            product["variants"][0]["price"],
            json!({ "amount": "4.50", "currencyCode": "EUR", "minorUnits": 450 })
        );

        let again = ask(&schema, &shop.owner, CREATE, input).await;
        let errors = &again["data"]["productCreate"]["userErrors"];
        assert_eq!(errors[0]["field"], json!(["handle"]));
        assert_eq!(errors[0]["code"], "TAKEN");
        assert_eq!(again["data"]["productCreate"]["product"], Value::Null);

        let wrong = json!({ "input": { "title": "", "handle": "x", "variants": [{ "price": "?" }] } });
        let answer = ask(&schema, &shop.owner, CREATE, wrong).await;
        let errors = answer["data"]["productCreate"]["userErrors"].as_array().unwrap();
        let codes: Vec<_> = errors.iter().map(|error| error["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["REQUIRED", "INVALID"]);
    }

    async fn a_visitor_who_writes_gets_an_error_with_its_code(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let input = json!({ "input": { "title": "Mug", "variants": [{ "price": "4.5" }] } });
        let answer = ask(&subgraph(&shop), &shop.visitor, CREATE, input).await;
        assert_eq!(answer["data"], Value::Null);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(answer["errors"][0]["extensions"]["retryable"], false);
    }

    async fn update_publish_and_delete_find_their_product_or_say_so(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let product = shop.create(shirt()).await;
        let id = product.id.to_string();
        let update = "mutation ($input: ProductUpdateInput!) { productUpdate(input: $input) {
            product { title version } userErrors { code } } }";
        let input = json!({ "input": { "id": id, "expectedVersion": 1, "title": "New" } });
        let answer = ask(&schema, &shop.owner, update, input.clone()).await;
        assert_eq!(answer["data"]["productUpdate"]["product"]["version"], 2, "{answer}");
        let answer = ask(&schema, &shop.owner, update, input).await;
        assert_eq!(answer["data"]["productUpdate"]["userErrors"][0]["code"], "CONFLICT");

        let publish = "mutation ($id: ID!) { productPublish(id: $id) {
            product { status } userErrors { code field } } }";
        let answer = ask(&schema, &shop.owner, publish, json!({ "id": id })).await;
        assert_eq!(answer["data"]["productPublish"]["product"]["status"], "ACTIVE");
        let answer = ask(&schema, &shop.owner, publish, json!({ "id": "nonsense" })).await;
        let errors = &answer["data"]["productPublish"]["userErrors"];
        assert_eq!(errors[0], json!({ "code": "INVALID", "field": ["id"] }));

        let delete = "mutation ($id: ID!) { productDelete(id: $id) {
            deletedProductId userErrors { code } } }";
        let answer = ask(&schema, &shop.owner, delete, json!({ "id": id })).await;
        assert_eq!(answer["data"]["productDelete"]["deletedProductId"], id);
        let answer = ask(&schema, &shop.owner, delete, json!({ "id": id })).await;
        assert_eq!(answer["data"]["productDelete"]["userErrors"][0]["code"], "NOT_FOUND");
    }

    async fn a_query_that_is_too_deep_or_too_costly_is_refused_before_the_database_is_asked(
        database: TestDatabase
    ) {
        let shop = Fixture::new(&database).await;
        let schema = subgraph(&shop);
        let list = "products(first: 100) { nodes { variants { id sku price { amount } } } }";
        let costly: String = (0..20).map(|n| format!("a{n}: {list}\n")).collect();
        let deep = format!("{{ __schema {{ types {}{} }} }}", "{ fields { type ".repeat(12), "{ name }".to_owned() + &"} }".repeat(12));
        for query in [format!("{{ {costly} }}"), deep] {
            let answer = assert_queries!(database, == 0, {
                ask(&schema, &shop.visitor, &query, json!({})).await
            });
            assert!(answer["errors"][0]["message"].is_string(), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_the_one_that_was_agreed_on() {
    let database = czo_testkit::TestDatabase::sqlite().await;
    let shop = Fixture::new(&database).await;
    let sdl = subgraph(&shop).sdl().to_owned();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(path, &sdl).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(sdl, agreed, "if the change is meant: CZO_TEST_BLESS=1 and run this test again");
}

#[test]
fn a_shop_id_is_not_a_product_id() {
    let shop = ShopId::generate(&SystemIds).to_string();
    assert!(shop.parse::<czo_catalog::ProductId>().is_err());
}
