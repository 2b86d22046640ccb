//! Running a program that somebody else's data is given to.

use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::FetchError;
use crate::PackageError;
use crate::credentials::without_credentials;
use crate::manifest::printable;

/// The most that a program may say, in bytes: what is more is read and thrown away.
const MAX_OUTPUT: u64 = 16 << 20;
const MAX_SHOWN: usize = 600;

/// How often a running program is looked at, and what it has written.
const LOOK: Duration = Duration::from_millis(10);
const MEASURE: Duration = Duration::from_millis(250);

/// What a program may use.
pub(super) struct Run<'a> {
    pub(super) program: &'static str,
    pub(super) what: String,
    pub(super) timeout: Duration,
    /// A folder that it may fill with so many bytes.
    pub(super) fills: Option<(&'a Path, u64)>,
}

impl Run<'_> {
    /// Runs a program to its end, and gives what it wrote to its standard output, if that is not
    /// redirected. It and its children are stopped when it is too slow or writes too much.
    pub(super) fn run(&self, command: &mut Command) -> Result<Vec<u8>, PackageError> {
        let program = self.program;
        let child = command.process_group(0).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|source| FetchError::Program { program, source })?;
        let output = child.stdout.take().map(read_on);
        let errors = child.stderr.take().map(read_on);
        let status = self.wait(&mut child);
        if status.is_err() {
            stop(&mut child);
        }
        let text = |thread: Option<JoinHandle<Vec<u8>>>| {
            thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
        };
        let (output, errors) = (text(output), text(errors));
        if status? {
            return Ok(output);
        }
        let (what, output) = (self.what.clone(), shown(&errors));
        Err(FetchError::Failed { program, what, output }.into())
    }

    /// Waits until the program has ended; says whether all went well.
    fn wait(&self, child: &mut Child) -> Result<bool, PackageError> {
        let started = Instant::now();
        let mut measured = started;
        loop {
            let status = child
                .try_wait()
                .map_err(|source| FetchError::Program { program: self.program, source })?;
            if let Some(status) = status {
                self.measure()?;
                return Ok(status.success());
            }
            if started.elapsed() > self.timeout {
                let (what, timeout) = (self.what.clone(), self.timeout);
                return Err(FetchError::Timeout { what, timeout }.into());
            }
            if measured.elapsed() > MEASURE {
                self.measure()?;
                measured = Instant::now();
            }
            thread::sleep(LOOK);
        }
    }

    fn measure(&self) -> Result<(), PackageError> {
        match self.fills {
            Some((folder, most)) if size(folder) > most => {
                let what = format!("{} brings too much", self.what);
                Err(PackageError::too_large(what, most, "bytes"))
            }
            _ => Ok(()),
        }
    }
}

/// Stops a program and all that it has started.
fn stop(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended meanwhile.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
}

/// Reads what a program writes, so that it never waits for who reads.
fn read_on(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What can't be read is as if it were not written.
        let _ = from.by_ref().take(MAX_OUTPUT).read_to_end(&mut bytes);
        let _ = io::copy(&mut from, &mut io::sink());
        bytes
    })
}

/// The size of the files in and below a folder that changes meanwhile.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The end of what a program wrote, where the reason stands, without users and passwords of URLs.
fn shown(bytes: &[u8]) -> String {
    let safe = without_credentials(String::from_utf8_lossy(bytes).trim());
    let safe = printable(&safe).replace('\n', " ");
    let skipped = safe.chars().count().saturating_sub(MAX_SHOWN);
    safe.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, timeout: Duration) -> Result<Vec<u8>, PackageError> {
        let run = Run { program: "sh", what: "this".to_owned(), timeout, fills: None };
        let mut command = Command::new("sh");
        run.run(command.args(["-c", script]).stdout(Stdio::piped()).stdin(Stdio::null()))
    }

    #[test]
    fn a_program_that_never_ends_is_stopped_with_its_children() {
        let started = Instant::now();
        let error = run("sleep 600 & sleep 600", Duration::from_millis(100)).unwrap_err();
        assert!(matches!(error, PackageError::Fetch(FetchError::Timeout { .. })), "{error}");
        // Its children hold the pipes: had they lived, this would have waited for them.
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_a_program_says_is_told_without_passwords() {
        let script = "echo 'no such https://me:secret@example.com/x here' >&2; exit 1";
        let error = run(script, Duration::from_secs(60)).unwrap_err().to_string();
        assert!(error.contains("https://example.com/x here"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
