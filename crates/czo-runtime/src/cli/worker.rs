//! `worker`

use clap::Args;
use czo_core::JobName;

use super::GlobalArgs;
use super::output::print;
use crate::{Config, Czo, RuntimeError, install_telemetry};

/// The options of `worker`.
#[derive(Clone, Debug, Default, Args)]
pub struct WorkerArgs {
    /// Do the jobs of these domains only, and of those they depend on
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub domains: Vec<String>,
    /// Do only jobs of these names; schedules run all the same
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub jobs: Vec<String>,
    /// Do so many jobs at once, instead of `jobs.concurrency`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: Option<u16>,
}

impl WorkerArgs {
    /// The configuration with these options over it.
    #[must_use]
    pub fn over(&self, mut config: Config) -> Config {
        if let Some(concurrency) = self.concurrency {
            config.jobs.concurrency = concurrency.into();
        }
        config
    }

    /// The program with only the domains asked for.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownDomain`].
    pub fn select(&self, czo: Czo) -> Result<Czo, RuntimeError> {
        if self.domains.is_empty() { Ok(czo) } else { czo.only(&self.domains) }
    }
}

pub(super) async fn work(czo: Czo, args: WorkerArgs, global: &GlobalArgs) -> anyhow::Result<()> {
    let config = args.over(global.load()?).without_broker();
    let telemetry = install_telemetry(&config)?;
    let application = args.select(czo)?.boot(&config, Some(telemetry)).await?;
    let concurrency = config.jobs.concurrency;
    application
        .work(&args.jobs, |jobs, schedules| print(&banner(jobs, schedules, concurrency)))
        .await?;
    Ok(())
}

/// What a person wants to know when the worker is ready.
fn banner(jobs: &[JobName], schedules: &[JobName], concurrency: usize) -> String {
    let list = |names: &[JobName]| match names {
        [] => "none".to_owned(),
        names => names.iter().map(JobName::as_str).collect::<Vec<_>>().join(", "),
    };
    [
        String::new(),
        format!("  czo {} does jobs, {concurrency} at once", env!("CARGO_PKG_VERSION")),
        String::new(),
        format!("  Jobs         {}", list(jobs)),
        format!("  Schedules    {}", list(schedules)),
        String::new(),
        "  Stop with Ctrl-C.".to_owned(),
        String::new(),
    ]
    .join("\n")
}
