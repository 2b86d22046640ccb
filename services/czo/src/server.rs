//! The server that runs on the same data, if one does.

use std::time::Duration;

use anyhow::{Context, bail};
use czo_core::ShopId;
use czo_runtime::{Config, RunningServer};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::cli::Target;

/// How long a server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The variable with the token for a server elsewhere.
const TOKEN: &str = "CZO_TOKEN";

/// A server that answers.
pub(crate) struct Server {
    client: Client,
    url: String,
    token: Option<SecretString>,
    shop: Option<ShopId>,
}

impl Server {
    /// The server to go through: the one named, or the one of the data folder, if it is up.
    ///
    /// The owner's token of the data folder goes to that folder's own server alone, and only once
    /// it has proved itself: after a crash, another program may listen on its port. A server that
    /// is named gets the token of the environment.
    pub(crate) async fn find(config: &Config, target: &Target) -> anyhow::Result<Option<Self>> {
        let client = Client::builder().connect_timeout(PATIENCE).no_proxy().build()?;
        let from_environment = std::env::var(TOKEN).ok().map(SecretString::from);
        let own = RunningServer::find(config);
        let (url, token) = match (&target.server, own) {
            (Some(named), Some(own)) if named.trim_end_matches('/') == own.url() => {
                if !proves_itself(&client, &own).await {
                    bail!("no czo server of this data folder answers at {named}");
                }
                (named.clone(), from_environment.or_else(|| config.owner_token()))
            }
            (Some(named), _) => {
                let health = format!("{}/api/_health", named.trim_end_matches('/'));
                let answer = client.get(health).timeout(PATIENCE).send().await;
                answer.with_context(|| format!("no server answers at {named}"))?;
                (named.clone(), from_environment)
            }
            (None, Some(own)) if proves_itself(&client, &own).await => {
                (own.url().to_owned(), from_environment.or_else(|| config.owner_token()))
            }
            (None, _) => return Ok(None),
        };
        let url = url.trim_end_matches('/').to_owned();
        Ok(Some(Self { client, url, token, shop: target.shop }))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.get(self.address(path)))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.post(self.address(path)))
    }

    /// The address of a path of it.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The answer, or what the server says is wrong.
    pub(crate) async fn accepted(&self, response: Response) -> anyhow::Result<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED && self.token.is_none() {
            bail!("{} wants a token that may do this: set {TOKEN} to one of that server", self.url);
        }
        let problem: Value = response.json().await.unwrap_or_default();
        match problem["detail"].as_str() {
            Some(detail) => bail!("{detail}"),
            None => bail!("the server answered {status}"),
        }
    }

    fn with_headers(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(shop) = self.shop {
            request = request.header("X-Czo-Shop", shop.to_string());
        }
        request
    }
}

async fn proves_itself(client: &Client, own: &RunningServer) -> bool {
    let Ok(response) = client.get(own.proof_url()).timeout(PATIENCE).send().await else {
        return false;
    };
    response.text().await.is_ok_and(|answer| own.is_proven_by(&answer))
}
