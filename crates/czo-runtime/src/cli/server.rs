//! The server that commands go through.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use czo_core::ShopId;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Config, RunningServer};

/// How long a server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a server may take to answer: longer than it gives a request by default.
const ANSWER: Duration = Duration::from_secs(60);

/// The variable with the token for a server elsewhere.
const TOKEN: &str = "CZO_TOKEN";

/// The option of commands that go through a server.
#[derive(Clone, Debug, Default, Args)]
pub struct ServerArgs {
    /// Go through the server at this URL, http only, with the token in CZO_TOKEN
    ///
    /// Without it: through the server that runs on the same data folder, or, when none does, directly
    /// where that is possible.
    #[arg(long, global = true, value_name = "URL", value_parser = server_url)]
    pub server: Option<String>,
}

fn server_url(text: &str) -> Result<String, &'static str> {
    match text.split_once("://") {
        Some(("http", host)) if !host.is_empty() => Ok(text.to_owned()),
        Some(("https", _)) => Err("this program has no TLS: name a plain address of the server, \
             `http://…`, through a tunnel if it is elsewhere"),
        _ => Err("expected a URL such as `http://127.0.0.1:4000`"),
    }
}

/// A server that answers, and the token that it is asked with.
#[derive(Clone, Debug)]
pub struct ServerClient {
    client: Client,
    url: String,
    token: Option<SecretString>,
    shop: Option<ShopId>,
}

impl ServerClient {
    /// The server to go through: the one named, or the one of the data folder, if it is up.
    ///
    /// The owner's token of the data folder goes to that folder's own server alone, and only once
    /// it has proved itself: after a crash, another program may listen on its port. A server that
    /// is named gets the token of the environment.
    ///
    /// # Errors
    ///
    /// When the server that is named does not answer.
    pub async fn find(config: &Config, args: &ServerArgs) -> anyhow::Result<Option<Self>> {
        let client = Client::builder().connect_timeout(PATIENCE).no_proxy().build()?;
        let from_environment = std::env::var(TOKEN).ok().map(SecretString::from);
        let own = RunningServer::find(config);
        let (url, token) = match (&args.server, own) {
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
        Ok(Some(Self { client, url, token, shop: None }))
    }

    /// The same server, asked about this shop; about none that is named by default.
    #[must_use]
    pub fn for_shop(self, shop: Option<ShopId>) -> Self {
        Self { shop, ..self }
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.get(self.address(path)))
    }

    /// Sends something to a path.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.with_headers(self.client.post(self.address(path)))
    }

    /// Any request to a path, which may take as long as it does.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_headers(self.client.request(method, self.address(path)))
    }

    /// The address of a path of it.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The answer, or what the server says is wrong.
    ///
    /// # Errors
    ///
    /// What the server says is wrong.
    pub async fn accepted(&self, response: Response) -> anyhow::Result<Response> {
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

    /// What a path answers to a question.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        question: &(impl Serialize + Sync),
    ) -> anyhow::Result<T> {
        let response = self.get(path).query(question).timeout(ANSWER).send().await?;
        Ok(self.accepted(response).await?.json().await?)
    }

    /// What a path answers to an order.
    pub(super) async fn order<T: DeserializeOwned>(
        &self,
        path: &str,
        order: &(impl Serialize + Sync),
    ) -> anyhow::Result<T> {
        let response = self.post(path).json(order).timeout(ANSWER).send().await?;
        Ok(self.accepted(response).await?.json().await?)
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
