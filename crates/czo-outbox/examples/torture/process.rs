//! The processes of the torture: this program, started again with a part to play.

use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

use super::part::Part;

/// The variable that holds the part a process is to play, as JSON.
pub(crate) const PART: &str = "CZO_TORTURE_PART";

/// A process that plays a part. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts this program again. `arguments` are what it needs to come to
    /// [`play`](super::part::play_if_asked).
    pub(crate) fn start(part: &Part, arguments: &[String]) -> Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env(PART, serde_json::to_string(part)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot run this program again")?;
        Ok(Self { child })
    }

    /// Kills it, by `SIGKILL`.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Lets no more of it run until it is [thawed](Self::thaw).
    pub(crate) fn freeze(&self) -> Result<()> {
        signal(&self.child, "STOP")
    }

    pub(crate) fn thaw(&self) -> Result<()> {
        signal(&self.child, "CONT")
    }

    /// Asks it to end in good order.
    pub(crate) fn dismiss(&mut self) {
        drop(self.child.stdin.take());
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a child that has not been waited for. The standard library knows only
/// `SIGKILL`; the shell knows them all.
pub(crate) fn signal(child: &Child, name: &str) -> Result<()> {
    let id = child.id().to_string();
    let sent =
        Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &id]).status()?;
    ensure!(sent.success(), "process {id} did not take SIG{name}");
    Ok(())
}
