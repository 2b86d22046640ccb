//! Who administers modules: a server, or this process on the database. Both answer the same.

use anyhow::{Context, bail};
use czo_core::{RequestContext, ShopId};
use czo_http::axum::Router;
use czo_http::axum::body::{Body, to_bytes};
use czo_http::axum::http::{Request, header};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

use crate::cli::server::{ServerArgs, ServerClient};
use crate::cli::{GlobalArgs, boot, finish};
use crate::modules::{ADMIN, ProgramModules, admin_routes, tarball};
use crate::{Application, Czo};

/// Who administers modules.
pub(super) enum Desk {
    /// A server.
    There(ServerClient),
    /// This process: the same routes, without a network in between.
    Here(Box<Here>),
}

/// This process.
pub(super) struct Here {
    application: Application,
    routes: Router,
    ctx: RequestContext,
}

/// What is sent along.
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Value),
    /// A packed package.
    Package(Vec<u8>),
}

impl Desk {
    /// The server, if one is up, or else this process; for this shop.
    pub(super) async fn find(
        czo: &Czo,
        global: &GlobalArgs,
        server: &ServerArgs,
        shop: Option<ShopId>,
    ) -> anyhow::Result<Self> {
        let config = global.load()?;
        if let Some(server) = ServerClient::find(&config, server).await? {
            return Ok(Self::There(server.for_shop(shop)));
        }
        let application = boot(czo, config).await?;
        let of_program = application.modules();
        let modules = match &of_program.modules {
            ProgramModules::Open(modules) => modules,
            ProgramModules::Off => bail!("modules are switched off by `modules.enabled`"),
            ProgramModules::Broken(reason) => bail!("modules can't be run here: {reason}"),
        };
        let desk = of_program.desk((**modules).clone());
        let (orders, changes) = admin_routes(&desk);
        let routes = Router::from(orders).merge(Router::from(changes));
        let ctx = RequestContext::system(&*application.context().ids);
        let ctx = match shop {
            Some(shop) => ctx.for_shop(shop),
            None => ctx,
        };
        Ok(Self::Here(Box::new(Here { application, routes, ctx })))
    }

    /// The server, for what only a server can do.
    pub(super) async fn of_server(
        global: &GlobalArgs,
        server: &ServerArgs,
    ) -> anyhow::Result<Self> {
        match ServerClient::find(&global.load()?, server).await? {
            Some(server) => Ok(Self::There(server)),
            None => bail!(
                "no server runs on this data folder: start it with `czo serve`, or name one with \
                 `--server`"
            ),
        }
    }

    /// Ends what [`find`](Self::find) began.
    pub(super) async fn close(self) {
        if let Self::Here(here) = self {
            finish(here.application).await;
        }
    }

    /// Whether a server answers.
    pub(super) fn is_server(&self) -> bool {
        matches!(self, Self::There(_))
    }

    /// The answer of a path below `/api/module-admin`; null where it has no body.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        question: &(impl Serialize + Sync),
        content: Content,
    ) -> anyhow::Result<T> {
        let path = format!("{ADMIN}{path}");
        let (status, body) = match self {
            Self::There(server) => {
                let request = server.request(method, &path).query(question);
                let request = match content {
                    Content::Nothing => request,
                    Content::Json(value) => request.json(&value),
                    Content::Package(bytes) => {
                        request.header(header::CONTENT_TYPE, tarball::MEDIA_TYPE).body(bytes)
                    }
                };
                let response = server.accepted(request.send().await?).await?;
                (response.status(), response.bytes().await?)
            }
            Self::Here(here) => here.send(method, &path, question, content).await?,
        };
        if !status.is_success() {
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            match problem["detail"].as_str() {
                Some(detail) => bail!("{detail}"),
                None => bail!("the answer was {status}"),
            }
        }
        let body = if body.is_empty() { &b"null"[..] } else { &body };
        serde_json::from_slice(body).context("the server answered in another form: is it as new?")
    }
}

impl Here {
    async fn send(
        &self,
        method: Method,
        path: &str,
        question: &(impl Serialize + Sync),
        content: Content,
    ) -> anyhow::Result<(StatusCode, czo_http::axum::body::Bytes)> {
        // A query is written as it would be on its way.
        let client = reqwest::Client::new();
        let url = client.get(format!("http://here{path}")).query(question).build()?.url().clone();
        let uri = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        let request = Request::builder().method(method).uri(uri);
        let mut request = match content {
            Content::Nothing => request.body(Body::empty()),
            Content::Json(value) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(value.to_string())),
            Content::Package(bytes) => {
                request.header(header::CONTENT_TYPE, tarball::MEDIA_TYPE).body(Body::from(bytes))
            }
        }?;
        request.extensions_mut().insert(self.ctx.clone());
        let answering = self.routes.clone().oneshot(request);
        let Ok(response) = self.ctx.clone().scope(answering).await;
        let status = response.status();
        Ok((status, to_bytes(response.into_body(), usize::MAX).await?))
    }
}
