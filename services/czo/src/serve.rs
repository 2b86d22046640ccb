//! `czo serve`: the runtime's, with a demo shop at the first start.

use czo_runtime::Czo;
use czo_runtime::cli::{GlobalArgs, ServeArgs, banner, print};

use crate::demo;

pub(crate) async fn serve(czo: Czo, args: &ServeArgs, global: &GlobalArgs) -> anyhow::Result<()> {
    let config = args.over(global.load()?);
    let telemetry = czo_runtime::install_telemetry(&config)?;
    let application = args.select(czo)?.boot(&config, Some(telemetry)).await?;
    if config.wants_demo() {
        demo::set_up(&application).await?;
    }
    let lines = banner(&application);
    application.serve(|url| print(&lines(url))).await?;
    Ok(())
}
