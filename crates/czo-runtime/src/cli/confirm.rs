//! Asking before something is lost.

use std::io::IsTerminal;

use anyhow::{Context, bail};

/// Asks the person at the terminal; where there is none, only `--yes` will do.
pub(super) fn confirm(yes: bool, question: &str) -> anyhow::Result<()> {
    confirm_unless(yes, question, "this loses data")
}

/// The same, for something with another price.
pub(super) fn confirm_unless(yes: bool, question: &str, price: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("{price}: say `--yes` if you mean it");
    }
    let sure = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .context("no answer was given")?;
    if sure { Ok(()) } else { bail!("nothing was changed") }
}
