//! What the app asks czo.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hello_app::{Credentials, Czo, CzoError};
use serde_json::{Value, json};

use crate::house::{House, TOKEN, serve};

type Asked = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A czo that has one product, for whoever has the token.
async fn czo() -> (String, Asked) {
    let asked = Asked::default();
    let router = Router::new()
        .route("/graphql", post(answer))
        .route("/api/apps/me/config", get(settings))
        .with_state(asked.clone());
    (serve(router).await, asked)
}

async fn answer(
    State(asked): State<Asked>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let id = body["variables"]["id"].clone();
    let is_known = headers["authorization"] == format!("Bearer {TOKEN}");
    asked.lock().unwrap().push((headers, body));
    if !is_known {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let product = match id.as_str() {
        Some("prod_1") => json!({ "id": id, "title": "Brass Bell", "status": "ACTIVE" }),
        Some("prod_2") => Value::Null,
        _ => {
            let errors = json!([{ "message": "not an id" }]);
            return Json(json!({ "data": null, "errors": errors })).into_response();
        }
    };
    Json(json!({ "data": { "product": product } })).into_response()
}

async fn settings(headers: HeaderMap) -> Response {
    match headers["authorization"] == format!("Bearer {TOKEN}") {
        true => Json(json!({ "greeting": "Hello!" })).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn credentials(api_url: String) -> Credentials {
    let house = House::installed().await;
    let kept = house.vault().load().unwrap().unwrap();
    Credentials { api_url, ..kept }
}

#[tokio::test]
async fn a_product_is_asked_for_with_the_token_in_the_shop_of_the_app() {
    let (url, asked) = czo().await;
    let credentials = credentials(format!("{url}/api")).await;
    let shop = credentials.shop_id.clone();
    let product = Czo::new(credentials).unwrap().product("prod_1").await.unwrap().unwrap();
    assert_eq!((product.title.as_str(), product.status.as_str()), ("Brass Bell", "ACTIVE"));
    let asked = asked.lock().unwrap();
    let [(headers, _)] = asked.as_slice() else { panic!("asked once") };
    assert_eq!(headers["x-czo-shop"], shop);
}

#[tokio::test]
async fn a_product_that_is_gone_is_none() {
    let (url, _) = czo().await;
    let czo = Czo::new(credentials(url).await).unwrap();
    assert_eq!(czo.product("prod_2").await.unwrap(), None);
}

#[tokio::test]
async fn what_czo_says_is_told() {
    let (url, _) = czo().await;
    let right = credentials(url).await;
    let wrong = Credentials { token: "czoapp_revoked".to_owned(), ..right.clone() };
    let error = Czo::new(right).unwrap().product("?").await.unwrap_err();
    assert_eq!(error.to_string(), "czo says: not an id");
    let error = Czo::new(wrong).unwrap().product("prod_1").await.unwrap_err();
    assert!(matches!(error, CzoError::Token), "{error}");
}

#[tokio::test]
async fn what_the_shop_has_set_up_is_read_with_the_token_of_the_app() {
    let (url, _) = czo().await;
    let right = credentials(format!("{url}/api")).await;
    let wrong = Credentials { token: "czoapp_revoked".to_owned(), ..right.clone() };
    let settings = Czo::new(right).unwrap().settings().await.unwrap();
    assert_eq!(settings.greeting.as_deref(), Some("Hello!"));
    let error = Czo::new(wrong).unwrap().settings().await.unwrap_err();
    assert!(matches!(error, CzoError::Token), "{error}");
}
