//! `serve`

use std::net::SocketAddr;

use clap::Args;
use secrecy::ExposeSecret;

use super::GlobalArgs;
use super::output::print;
use crate::{Application, Config, Czo, install_telemetry};

/// The options of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// Listen on this address instead of `server.listen`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Serve only these domains, and what they depend on
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub domains: Vec<String>,
}

impl ServeArgs {
    /// The configuration with these options over it.
    #[must_use]
    pub fn over(&self, mut config: Config) -> Config {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        config
    }

    /// The program with only the domains asked for.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownDomain`](crate::RuntimeError::UnknownDomain).
    pub fn select(&self, czo: Czo) -> Result<Czo, crate::RuntimeError> {
        if self.domains.is_empty() { Ok(czo) } else { czo.only(&self.domains) }
    }
}

pub(super) async fn serve(czo: Czo, args: ServeArgs, global: &GlobalArgs) -> anyhow::Result<()> {
    let config = args.over(global.load()?);
    let telemetry = install_telemetry(&config)?;
    let application = args.select(czo)?.boot(&config, Some(telemetry)).await?;
    let lines = banner(&application);
    application.serve(|url| print(&lines(url))).await?;
    Ok(())
}

/// What a person wants to know when the server is ready, as a function of its URL. It holds the
/// owner's token if this boot made it.
pub fn banner(application: &Application) -> impl FnOnce(&str) -> String + use<> {
    let graphiql = application.config().graphql.graphiql;
    let file = application.config().owner_token_path().display().to_string();
    let token = application.first_token().map(|token| token.expose_secret().to_owned());
    move |url| {
        let mut lines =
            vec![String::new(), format!("  czo {} is ready", env!("CARGO_PKG_VERSION"))];
        lines.push(String::new());
        let graphql = if graphiql { "GraphiQL" } else { "GraphQL" };
        lines.push(format!("  {graphql:<12} {url}/graphql"));
        lines.push(format!("  API          {url}/api/docs"));
        lines.push(format!("  Health       {url}/api/_health"));
        match token {
            Some(token) => {
                lines.push(format!("  Owner token  {token}"));
                lines.push(format!("               shown this once; kept in {file}"));
            }
            None => lines.push(format!("  Owner token  in {file}, if this server made it")),
        }
        lines.push(String::new());
        lines.push("  Stop with Ctrl-C.".to_owned());
        lines.push(String::new());
        lines.join("\n")
    }
}
