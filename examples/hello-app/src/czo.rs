//! How the app asks czo.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::Credentials;

const QUERY: &str = "query ($id: ID!) { product(id: $id) { id title status } }";

/// How long czo may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A product as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// `ACTIVE`, `DRAFT` or `ARCHIVED`.
    pub status: String,
}

/// Why czo has told nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CzoError {
    /// The URL from the handshake.
    #[error("`{url}` is no URL of an API")]
    Url {
        /// What it is.
        url: String,
    },
    /// There is no answer, or it is no answer of GraphQL.
    #[error("czo did not answer")]
    NoAnswer(#[from] reqwest::Error),
    /// The token does not count, or no longer.
    #[error("czo does not know the token: it has expired, or the shop has removed the app")]
    Token,
    /// The query was answered with errors.
    #[error("czo says: {0}")]
    Refused(String),
}

/// czo, as the app may use it in its shop.
#[derive(Debug)]
pub struct Czo {
    client: Client,
    graphql: Url,
    credentials: Credentials,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<Message>,
}

#[derive(Deserialize)]
struct Data {
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

impl Czo {
    /// czo as these credentials reach it: GraphQL is at `/graphql` on the host of `apiUrl`.
    ///
    /// # Errors
    ///
    /// When the URL in them is none.
    pub fn new(credentials: Credentials) -> Result<Self, CzoError> {
        let base: Option<Url> = credentials.api_url.parse().ok();
        let graphql = base.and_then(|base| base.join("/graphql").ok());
        let graphql = graphql.ok_or_else(|| CzoError::Url { url: credentials.api_url.clone() })?;
        let client = Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { client, graphql, credentials })
    }

    /// A product, if it is there.
    ///
    /// # Errors
    ///
    /// When czo does not answer, or not with what was asked for.
    pub async fn product(&self, id: &str) -> Result<Option<Product>, CzoError> {
        let question = json!({ "query": QUERY, "variables": { "id": id } });
        let request = self
            .client
            .post(self.graphql.clone())
            .bearer_auth(&self.credentials.token)
            .header("X-Czo-Shop", &self.credentials.shop_id)
            .json(&question);
        let response = request.send().await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(CzoError::Token);
        }
        let answer: Answer = response.error_for_status()?.json().await?;
        match (answer.errors.into_iter().next(), answer.data) {
            (None, Some(data)) => Ok(data.product),
            (None, None) => Err(CzoError::Refused("neither data nor errors".to_owned())),
            (Some(error), _) => Err(CzoError::Refused(error.message)),
        }
    }
}
