//! The server that runs on the same data, if one does.

use std::time::Duration;

use anyhow::{Context, bail};
use czo_core::ShopId;
use czo_runtime::{Config, owner_token, server_url};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::cli::Target;

/// How long a server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that answers.
pub(crate) struct Server {
    client: Client,
    url: String,
    token: Option<String>,
    shop: Option<ShopId>,
}

impl Server {
    /// The server to go through: the one named, which must answer, or the one of the data folder,
    /// if it answers.
    pub(crate) async fn find(config: &Config, target: &Target) -> anyhow::Result<Option<Self>> {
        let named = target.server.clone();
        let Some(url) = named.clone().or_else(|| server_url(&config.data_dir)) else {
            return Ok(None);
        };
        let client = Client::builder().connect_timeout(PATIENCE).no_proxy().build()?;
        let health = format!("{}/api/_health", url.trim_end_matches('/'));
        let answers = client.get(health).timeout(PATIENCE).send().await;
        match (answers, named) {
            (Ok(_), _) => {
                let token = std::env::var("CZO_TOKEN").ok();
                let kept = || owner_token(&config.data_dir);
                let token = token.or_else(|| kept().map(|token| token.expose_secret().to_owned()));
                Ok(Some(Self { client, url, token, shop: target.shop }))
            }
            // It was killed and left its file behind.
            (Err(_), None) => Ok(None),
            (Err(error), Some(url)) => {
                Err(error).with_context(|| format!("no server answers at {url}"))
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.get(self.path(path)))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.post(self.path(path)))
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }

    fn with_headers(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(shop) = self.shop {
            request = request.header("X-Czo-Shop", shop.to_string());
        }
        request
    }
}

/// The answer, or what the server says is wrong.
pub(crate) async fn accepted(response: Response) -> anyhow::Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let problem: Value = response.json().await.unwrap_or_default();
    match problem["detail"].as_str() {
        Some(detail) => bail!("{detail}"),
        None => bail!("the server answered {status}"),
    }
}
