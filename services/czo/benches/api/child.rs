//! A process that does not outlive the benchmark.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long a server may take until it serves.
const PATIENCE: Duration = Duration::from_secs(30);

/// A child process; killed when this is dropped.
#[derive(Debug)]
pub(crate) struct KilledOnDrop(Child);

impl KilledOnDrop {
    /// Starts `command` and returns once it has printed a line that holds `ready`, with that
    /// line.
    pub(crate) fn start(command: &mut Command, ready: &'static str) -> Result<(Self, String)> {
        let program = command.get_program().display().to_string();
        // Standard input stays open as long as this process lives, which the child may watch.
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = Self(child.with_context(|| format!("{program} cannot be started"))?);
        let stdout = child.0.stdout.take().context("standard output was piped")?;
        let line = first_line_with(stdout, ready);
        match line.recv_timeout(PATIENCE) {
            Ok(line) => Ok((child, line)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!("{program} was not ready within {} seconds", PATIENCE.as_secs())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("{program} ended before it was ready: {}", child.0.wait()?)
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits in a thread, which reads on to the end: a child must not find its output closed.
fn first_line_with(output: ChildStdout, ready: &'static str) -> mpsc::Receiver<String> {
    let (found, line) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            if line.contains(ready) {
                let _ = found.send(line.trim().to_owned());
                let _ = output.read_to_end(&mut Vec::new());
                return;
            }
            line.clear();
        }
    });
    line
}
