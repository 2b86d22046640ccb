//! `app listen`

mod delivery;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use czo_apps::{HttpUrl, PublicKey, SecretError, SigningSecret, Verifier};
use czo_fetch::Fetcher;
use czo_http::axum::extract::DefaultBodyLimit;
use czo_http::axum::routing::post;
use czo_http::axum::{Router, serve};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::fetcher::fetcher_of;
use crate::RuntimeError;
use crate::cli::output::print_note;

/// The largest body.
const MAX_BODY: usize = 1024 * 1024;

/// Where deliveries come in, and what becomes of them.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// The secret of the installation (`whsec_…`), or its public key (`whpk_…`)
    ///
    /// Better in the variable: others on the machine can see the arguments of a program.
    #[arg(
        long,
        env = "CZO_APP_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        value_parser = unseen
    )]
    secret: SecretString,
    /// Send what fits on to this URL, and answer with what it answers
    #[arg(long, value_name = "URL")]
    forward: Option<HttpUrl>,
    /// Print the body of each delivery, too, without the secrets in it
    #[arg(long)]
    body: bool,
}

/// Takes anything: an error of the parser would show what was given.
fn unseen(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

/// What a delivery is held to, and what becomes of it.
#[derive(Debug)]
struct Desk {
    verifier: Verifier,
    forward: Option<(HttpUrl, Fetcher)>,
    shows_body: bool,
}

impl ListenArgs {
    pub(super) async fn execute(&self) -> anyhow::Result<()> {
        let router = self.router()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| RuntimeError::Listen { address, source })?;
        let address = listener.local_addr()?;
        print_note(&format!("listening at http://{address}; Ctrl-C ends it"));
        let ended = async {
            // Without a signal to wait for there is nothing to end it by.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        serve(listener, router).with_graceful_shutdown(ended).await?;
        Ok(())
    }

    fn router(&self) -> anyhow::Result<Router> {
        let verifier = verifier(self.secret.expose_secret()).context("`--secret` is none")?;
        let forward = self.forward.clone().map(|url| (url.clone(), fetcher_of(&url)));
        let desk = Desk { verifier, forward, shows_body: self.body };
        let router = Router::new()
            .route("/", post(delivery::receive))
            .route("/{*path}", post(delivery::receive))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::new(desk));
        Ok(router)
    }
}

fn verifier(text: &str) -> Result<Verifier, SecretError> {
    if text.starts_with(PublicKey::PREFIX) {
        text.parse::<PublicKey>().map(Verifier::new)
    } else {
        text.parse::<SigningSecret>().map(Verifier::new)
    }
}
