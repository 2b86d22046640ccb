//! `tokens`

use clap::Subcommand;
use czo_core::TokenId;
use secrecy::ExposeSecret;
use serde_json::json;

use super::output::{print, print_json, print_table};
use crate::Application;

/// Make, list and revoke access tokens.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// List the tokens, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a token; its secret is printed once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may do: `owner` for everything, or a role of `[roles]`, which `config show` lists
        #[arg(long)]
        role: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; it is refused from the next request on
    Revoke {
        /// The token's id, as `list` shows it
        id: TokenId,
    },
}

impl TokensCommand {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let tokens = application.tokens();
        match self {
            Self::List { json } => {
                let all = tokens.list().await?;
                if json {
                    return print_json(&all);
                }
                if all.is_empty() {
                    print("no tokens");
                    return Ok(());
                }
                let rows: Vec<_> = all
                    .into_iter()
                    .map(|token| {
                        let state = if token.revoked_at.is_some() { "revoked" } else { "active" };
                        let made = token.created_at.format("%Y-%m-%d %H:%M").to_string();
                        [token.id.to_string(), token.name, token.role, made, state.to_owned()]
                    })
                    .collect();
                print_table(["ID", "NAME", "ROLE", "CREATED (UTC)", "STATE"], &rows);
            }
            Self::Create { name, role, json } => {
                let (id, token) = tokens.create(&name, &role, &application.roles()).await?;
                if json {
                    return print_json(&json!({ "id": id, "token": token.expose_secret() }));
                }
                print(token.expose_secret());
            }
            Self::Revoke { id } => {
                tokens.revoke(id).await?;
                print(&format!("{id} is revoked"));
            }
        }
        Ok(())
    }
}
