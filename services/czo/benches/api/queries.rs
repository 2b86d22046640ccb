//! What the load asks: the queries of a shop's pages, and a mutation.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::catalogue;
use crate::connection::{Call, Connection, Target};

/// Products on a page of the list.
const PAGE: usize = 20;

/// All that a product page shows.
const PRODUCT: &str = "\
query Product($handle: String!) {
  product(handle: $handle) {
    title
    handle
    descriptionHtml
    vendor
    productType
    tags
    options { name values }
    images { url alt }
    priceRange { min { amount currencyCode } max { amount currencyCode } }
    variants {
      id
      sku
      optionValues
      price { amount currencyCode }
      compareAtPrice { amount }
      inventoryQuantity
    }
  }
}";

/// All that a list of products shows.
const LIST: &str = "\
query Products($first: Int!, $after: String) {
  products(first: $first, after: $after) {
    nodes {
      title
      handle
      tags
      images { url alt }
      variants {
        sku
        optionValues
        price { amount currencyCode }
        inventoryQuantity
      }
    }
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
  }
}";

const CREATE: &str = "\
mutation Create($input: ProductCreateInput!) {
  productCreate(input: $input) {
    product { id handle version variants { id sku } }
    userErrors { field message code }
  }
}";

fn call(query: &str, variables: &Value, expects: &str) -> Call {
    let body = json!({ "query": query, "variables": variables });
    Call { body: body.to_string().into(), expects: expects.into() }
}

/// The page of every product.
pub(crate) fn products() -> Vec<Call> {
    let of_handle = |handle: String| {
        let expects = format!(r#""handle":"{handle}""#);
        call(PRODUCT, &json!({ "handle": handle }), &expects)
    };
    catalogue::handles().map(of_handle).collect()
}

/// Every page of the list; asks the server for their cursors.
pub(crate) async fn pages(target: &Target) -> Result<Vec<Call>> {
    let mut connection = Connection::open(target).await?;
    let mut pages = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = call(LIST, &json!({ "first": PAGE, "after": after }), r#""pageInfo""#);
        let answer: Value = serde_json::from_slice(&connection.ask(&page).await?)?;
        pages.push(page);
        let list = &answer["data"]["products"];
        let nodes = list["nodes"].as_array().context("a page has nodes")?;
        anyhow::ensure!(nodes.len() == PAGE, "expected {PAGE} products, not {}", nodes.len());
        if list["pageInfo"]["hasNextPage"] == false {
            anyhow::ensure!(pages.len() == catalogue::PRODUCTS / PAGE, "pages are missing");
            return Ok(pages);
        }
        after = list["pageInfo"]["endCursor"].clone();
    }
}

/// The creation of the `number`th further product, with three variants.
pub(crate) fn create(number: usize) -> Call {
    let variants: Vec<_> = catalogue::SIZES
        .iter()
        .map(|size| {
            json!({
                "optionValues": [size, "Undyed"],
                "sku": format!("NEW-{number:06}-{size}"),
                "price": "24.90",
                "compareAtPrice": "29.90",
                "inventoryQuantity": 12,
            })
        })
        .collect();
    let input = json!({
        "handle": format!("new-product-{number:06}"),
        "title": format!("New Product {number}"),
        "descriptionHtml": catalogue::description(number),
        "vendor": "Nordmole",
        "productType": "Clothing",
        "status": "ACTIVE",
        "tags": ["new", "wool", "winter"],
        "options": ["Size", "Colour"],
        "images": [
            { "url": format!("https://images.shop.example/new-{number}-1.jpg"), "alt": "The front" },
            { "url": format!("https://images.shop.example/new-{number}-2.jpg"), "alt": "The back" },
        ],
        "variants": variants,
    });
    call(CREATE, &json!({ "input": input }), r#""userErrors":[]"#)
}
