//! Processes in the background that outlive xtask.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::process;

/// How long a process may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(30);
/// How much of a log an error shows.
const LAST_LINES: usize = 20;

/// A process that was started, told apart from a later one with the same number.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Daemon {
    pid: u32,
    born: String,
    end_with: Signal,
}

/// The signal on which a process ends soon and in good order.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "INT",
            Signal::Terminate => "TERM",
        }
    }
}

impl Daemon {
    /// Starts `command` in a process group of its own, so that Ctrl-C at the terminal does not
    /// reach it, with everything it prints in `log`.
    pub(crate) fn start(command: &mut Command, log: &Path, end_with: Signal) -> Result<Self> {
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot run `{}`", process::line_of(command)))?;
        let pid = child.id();
        let Some(born) = birth(pid) else {
            let program = process::line_of(command);
            bail!("`{program}` ended at once; its last words:\n{}", last_words(log));
        };
        Ok(Self { pid, born, end_with })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process runs (one that has ended and waits to be collected does not).
    pub(crate) fn is_running(&self) -> bool {
        birth(self.pid).is_some_and(|born| born == self.born)
    }

    /// Ends the process and what it started; when this returns, it no longer runs. One that has
    /// ended already, and any other process that has its number now, is left alone.
    pub(crate) fn stop(&self) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        let pid = self.pid.to_string();
        signal(self.end_with.name(), &pid)?;
        if self.ended_within(GRACE) {
            return Ok(());
        }
        signal("KILL", &format!("-{pid}"))?;
        if self.ended_within(GRACE) {
            return Ok(());
        }
        bail!("process {pid} does not end");
    }

    fn ended_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

/// The end of a log.
pub(crate) fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

// The standard library sends no signals to a process that is not its child; the shell does.
fn signal(name: &str, target: &str) -> Result<()> {
    process::read(Command::new("sh").args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", name, target]))
        .map(drop)
}

/// When a running process began, in a form that only serves to compare.
fn birth(pid: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        return birth_from_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
    }
    let mut ps = Command::new("ps");
    ps.args(["-o", "stat=,lstart=", "-p", &pid.to_string()]);
    let line = process::ask(&mut ps, Duration::from_secs(5))?;
    let (state, started) = line.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

// `pid (name) state ppid ...`, where the name may hold spaces and brackets. The start time is the
// 22nd field, so the 20th after the name.
fn birth_from_stat(stat: &str) -> Option<String> {
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
    let ended = matches!(*fields.first()?, "Z" | "X");
    (!ended).then(|| fields.get(19).map(|started| (*started).to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_process_no_longer_runs() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let daemon = Daemon::start(Command::new("sleep").arg("60"), &log, Signal::Terminate)?;
        assert!(daemon.is_running());
        daemon.stop()?;
        assert!(!daemon.is_running());
        daemon.stop()
    }

    #[test]
    fn another_process_with_the_same_number_is_left_alone() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let daemon = Daemon::start(Command::new("sleep").arg("60"), &log, Signal::Terminate)?;
        let earlier = Daemon { born: "0".into(), ..daemon.clone() };
        assert!(!earlier.is_running());
        earlier.stop()?;
        assert!(daemon.is_running());
        daemon.stop()
    }

    #[test]
    fn what_a_process_prints_is_in_its_log() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; sleep 60"]);
        let daemon = Daemon::start(&mut command, &log, Signal::Terminate)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::read_to_string(&log)? != "out\nerr\n" && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(fs::read_to_string(&log)?, "out\nerr\n");
        signal("KILL", &format!("-{}", daemon.pid()))
    }

    #[test]
    fn the_last_words_are_the_end_of_the_log() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        assert_eq!(last_words(&log), "");
        let lines: Vec<String> = (1..=30).map(|line| line.to_string()).collect();
        fs::write(&log, lines.join("\n"))?;
        let words = last_words(&log);
        assert_eq!(words.lines().count(), LAST_LINES);
        assert!(words.ends_with("30"));
        Ok(())
    }

    #[test]
    fn a_name_with_brackets_does_not_confuse_the_start_time() {
        let rest = "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4711 0";
        assert_eq!(birth_from_stat(&format!("7 (a) b)) S {rest}")).as_deref(), Some("4711"));
        assert_eq!(birth_from_stat(&format!("7 (sleep) Z {rest}")), None);
    }
}
