//! Somebody who talks to a server.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// Somebody who talks to a server: a visitor, or the owner of a token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    correlation_id: Option<String>,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, url: url.to_owned(), token: None, correlation_id: None }
    }

    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    pub(crate) fn with_correlation_id(self, id: &str) -> Self {
        Self { correlation_id: Some(id.to_owned()), ..self }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(id) = &self.correlation_id {
            request = request.header("X-Correlation-Id", id);
        }
        request
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST, path).body(body).send().await.expect("an answer")
    }

    /// The whole answer to a GraphQL request.
    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.request(Method::POST, "/graphql").json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{query}");
        answer.json().await.expect("an answer in JSON")
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.graphql(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer:#}");
        answer["data"].take()
    }

    /// Creates a product: a title and a price, and over them `fields`.
    pub(crate) async fn create(&self, fields: Value) -> Value {
        const CREATE: &str = "mutation ($input: ProductCreateInput!) {
            productCreate(input: $input) {
                product { id handle title status version variants { id sku } }
                userErrors { field code message }
            }
        }";
        let mut input = json!({ "title": "Blotter", "variants": [{ "price": "3.50" }] });
        for (name, value) in fields.as_object().expect("fields") {
            input[name] = value.clone();
        }
        self.data(CREATE, json!({ "input": input })).await["productCreate"].take()
    }

    /// Changes a product.
    pub(crate) async fn update(&self, input: Value) -> Value {
        const UPDATE: &str = "mutation ($input: ProductUpdateInput!) {
            productUpdate(input: $input) {
                product { id title status version }
                userErrors { field code message }
            }
        }";
        self.data(UPDATE, json!({ "input": input })).await["productUpdate"].take()
    }

    /// Deletes a product.
    pub(crate) async fn delete(&self, id: &str) -> Value {
        const DELETE: &str = "mutation ($id: ID!) {
            productDelete(id: $id) { deletedProductId userErrors { field code message } }
        }";
        self.data(DELETE, json!({ "id": id })).await["productDelete"].take()
    }

    /// A product by its handle, or null.
    pub(crate) async fn product(&self, handle: &str) -> Value {
        const PRODUCT: &str = "query ($handle: String!) {
            product(handle: $handle) {
                id handle title descriptionHtml vendor productType status tags version
                options { name values }
                images { url alt }
                variants {
                    id optionValues sku barcode inventoryQuantity
                    price { amount currencyCode } compareAtPrice { amount }
                }
            }
        }";
        self.data(PRODUCT, json!({ "handle": handle })).await["product"].take()
    }

    /// How many products this one sees.
    pub(crate) async fn count(&self) -> u64 {
        let data = self.data("{ products { totalCount } }", json!({})).await;
        data["products"]["totalCount"].as_u64().expect("a number")
    }

    /// Handle and version of the products that this one sees, newest first, at most 100.
    pub(crate) async fn versions(&self) -> Vec<(String, u64)> {
        const LIST: &str = "{ products(first: 100) { nodes { handle version } } }";
        let data = self.data(LIST, json!({})).await;
        let nodes = data["products"]["nodes"].as_array().expect("a list");
        let handle = |node: &Value| node["handle"].as_str().expect("a handle").to_owned();
        let version = |node: &Value| node["version"].as_u64().expect("a version");
        nodes.iter().map(|node| (handle(node), version(node))).collect()
    }

    /// The export, whole.
    pub(crate) async fn export(&self) -> String {
        let answer = self.get("/api/catalog/export").await;
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a whole export")
    }
}

/// The code of the only error of a GraphQL answer.
pub(crate) fn code_of(answer: &Value) -> &str {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let [error] = errors else { panic!("expected one error: {answer:#}") };
    error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("a code: {answer:#}"))
}

/// Field and code of the only user error in a payload, which has no product then.
pub(crate) fn user_error(payload: &Value) -> (String, &str) {
    let errors = payload["userErrors"].as_array().map_or(&[][..], Vec::as_slice);
    let [error] = errors else { panic!("expected one user error: {payload:#}") };
    assert!(payload["product"].is_null() && payload["deletedProductId"].is_null(), "{payload:#}");
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{payload:#}");
    let field = error["field"].as_array().expect("a path").iter();
    let path: Vec<_> = field.map(|segment| segment.as_str().expect("a name")).collect();
    (path.join("."), error["code"].as_str().expect("a code"))
}
