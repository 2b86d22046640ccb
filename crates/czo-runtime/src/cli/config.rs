//! `config`

use clap::Subcommand;

use super::output::{print, print_json};
use crate::Config;

/// Show the configuration in force.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting as `czo.toml` would say it, without secrets
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ConfigCommand {
    pub(super) fn execute(&self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Show { json: true } => print_json(&config.effective()),
            Self::Show { json: false } => {
                print(config.to_string().trim_end());
                Ok(())
            }
        }
    }
}
