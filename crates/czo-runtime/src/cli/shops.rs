//! `shops`

use clap::Subcommand;
use czo_core::{Currency, Shop};
use serde_json::json;

use super::output::{print, print_json, print_table};
use crate::Application;

/// Open and list shops.
#[derive(Debug, Subcommand)]
pub enum ShopsCommand {
    /// List the shops
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open a shop
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// The currency of its prices, by ISO 4217; it cannot be changed later
        #[arg(long, value_name = "CODE")]
        currency: Currency,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ShopsCommand {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let shops = application.shops();
        match self {
            Self::List { json } => {
                let all = shops.list().await?;
                if json {
                    return print_json(&all.iter().map(as_json).collect::<Vec<_>>());
                }
                if all.is_empty() {
                    print("no shops");
                    return Ok(());
                }
                let rows: Vec<_> = all
                    .into_iter()
                    .map(|shop| [shop.id.to_string(), shop.name, shop.currency.to_string()])
                    .collect();
                print_table(["ID", "NAME", "CURRENCY"], &rows);
            }
            Self::Create { name, currency, json } => {
                let shop = shops.create(&name, currency).await?;
                if json {
                    return print_json(&as_json(&shop));
                }
                print(&shop.id.to_string());
            }
        }
        Ok(())
    }
}

fn as_json(shop: &Shop) -> serde_json::Value {
    json!({ "id": shop.id, "name": shop.name, "currency": shop.currency })
}
