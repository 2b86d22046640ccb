//! `module config`

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use czo_core::ShopId;
use reqwest::Method;
use serde_json::Value;

use super::WhichModule;
use super::desk::{Content, Desk};
use crate::cli::output::{print, print_json};

/// Of which module, in which shop, and what.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    which: WhichModule,
    /// The shop; where there is only one, that
    #[arg(long, value_name = "SHOP")]
    shop: Option<ShopId>,
    /// Replace all that is set up by the JSON in this file; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
}

impl ConfigArgs {
    pub(super) fn shop(&self) -> Option<ShopId> {
        self.shop
    }

    pub(super) async fn execute(self, desk: &Desk) -> anyhow::Result<()> {
        let name = &self.which.name;
        let path = format!("/modules/{name}/config");
        if let Some(file) = &self.set {
            let text = if file.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                text
            } else {
                let cannot = || format!("cannot read {}", file.display());
                std::fs::read_to_string(file).with_context(cannot)?
            };
            let config: Value = serde_json::from_str(&text).context("expected JSON")?;
            let _: Value = desk.send(Method::PUT, &path, &(), Content::Json(config)).await?;
            print(&format!("{name} is set up"));
            return Ok(());
        }
        let config: Value = desk.send(Method::GET, &path, &(), Content::Nothing).await?;
        print_json(&config)
    }
}
