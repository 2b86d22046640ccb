//! Asking before data is lost.

use std::io::IsTerminal;

use anyhow::{Context, bail};

/// Asks the person at the terminal; where there is none, only `--yes` will do.
pub(super) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("this loses data: say `--yes` if you mean it");
    }
    let sure = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .context("no answer was given")?;
    if sure { Ok(()) } else { bail!("nothing was changed") }
}
