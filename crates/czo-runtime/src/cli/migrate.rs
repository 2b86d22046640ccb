//! `migrate`

use clap::{Args, Subcommand};
use czo_migrations::{MigrationState, Migrator};
use czo_repo::Database;

use super::confirm::confirm;
use super::output::{print, print_json, print_table};
use crate::{Config, Czo, data_dir};

/// Bring the database's schema up or down.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Apply every migration that is pending
    Up(Which),
    /// Take migrations back; the data in what they made is lost
    Down {
        #[command(flatten)]
        which: Which,
        /// How many of each owner; all where absent
        #[arg(long, value_name = "N")]
        steps: Option<u32>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Show what is applied and what is pending
    Status(Which),
    /// Take everything down and up again; all data is lost
    Fresh {
        #[command(flatten)]
        which: Which,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Which migrations, and how they are shown.
#[derive(Debug, Args)]
pub struct Which {
    /// Only those of this owner: `runtime`, `outbox`, `jobs` or a domain
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Which {
    async fn open(&self, czo: &Czo, config: &Config) -> anyhow::Result<(Database, Migrator)> {
        let options = config.database_options();
        if options.url.sqlite_path().is_some() {
            data_dir::create(&config.data_dir)?;
        }
        let migrator = match &self.owner {
            Some(owner) => czo.migrator().only(owner)?,
            None => czo.migrator(),
        };
        Ok((Database::connect(&options).await?, migrator))
    }

    fn show(&self, states: &[MigrationState], nothing: &str) -> anyhow::Result<()> {
        if self.json {
            return print_json(&states);
        }
        if states.is_empty() {
            print(nothing);
            return Ok(());
        }
        let rows: Vec<_> = states
            .iter()
            .map(|state| {
                let verdict = if state.applied { "applied" } else { "pending" };
                [state.owner.to_owned(), state.name.clone(), verdict.to_owned()]
            })
            .collect();
        print_table(["OWNER", "MIGRATION", "STATE"], &rows);
        Ok(())
    }
}

impl MigrateCommand {
    pub(super) async fn execute(self, czo: &Czo, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Up(which) => {
                let (database, migrator) = which.open(czo, config).await?;
                which.show(&migrator.up(&database).await?, "everything is applied already")
            }
            Self::Status(which) => {
                let (database, migrator) = which.open(czo, config).await?;
                which.show(&migrator.status(&database).await?, "there are no migrations")
            }
            Self::Down { which, steps, yes } => {
                let (database, migrator) = which.open(czo, config).await?;
                confirm(
                    yes,
                    &format!("Take migrations back on {}? Data will be lost.", database.url()),
                )?;
                which.show(&migrator.down(&database, steps).await?, "nothing was applied")
            }
            Self::Fresh { which, yes } => {
                let (database, migrator) = which.open(czo, config).await?;
                confirm(yes, &format!("Delete all data in {}?", database.url()))?;
                migrator.down(&database, None).await?;
                which.show(&migrator.up(&database).await?, "there are no migrations")
            }
        }
    }
}
