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

/// What a shop sets up, by the `configSchema` of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// What stands above the products.
    pub greeting: Option<String>,
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
    config: Url,
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
    /// czo as these credentials reach it: GraphQL is at `/graphql` on the host of `apiUrl`, what is
    /// set up at `/api/apps/me/config`.
    ///
    /// # Errors
    ///
    /// When the URL in them is none.
    pub fn new(credentials: Credentials) -> Result<Self, CzoError> {
        let base: Option<Url> = credentials.api_url.parse().ok();
        let at = |path| base.as_ref().and_then(|base| base.join(path).ok());
        let (Some(graphql), Some(config)) = (at("/graphql"), at("/api/apps/me/config")) else {
            return Err(CzoError::Url { url: credentials.api_url });
        };
        let client = Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { client, graphql, config, credentials })
    }

    /// What the shop has set up for the app.
    ///
    /// # Errors
    ///
    /// When czo does not answer.
    pub async fn settings(&self) -> Result<Settings, CzoError> {
        let request = self.client.get(self.config.clone()).bearer_auth(&self.credentials.token);
        let response = request.send().await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(CzoError::Token);
        }
        Ok(response.error_for_status()?.json().await?)
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
