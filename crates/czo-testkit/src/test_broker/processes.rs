//! Processes that end with the test.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ToolError;

/// Waits for the end of the test: then there is an end to what it reads, too, however the test
/// ended. The test says nothing to it, and nobody else has the other end of the pipe.
const WATCH: &str = r#"read -r _; kill -s KILL -- "-$1"; rm -rf -- "$2""#;

/// The processes of a broker, all in one process group, which the port mapper leads.
///
/// Dropping this ends them: it is the end of the watchman's pipe, as the end of the test is.
#[derive(Debug)]
pub(super) struct Processes {
    /// Never waited for until the end, so that the number of the group stays ours.
    mapper: Child,
    watchman: Child,
    server: Option<Child>,
}

impl Processes {
    /// Starts the port mapper, and the watchman that kills the group and removes the folder.
    pub(super) fn start(mapper: &mut Command, folder: &Path) -> Result<Self, ToolError> {
        let mut mapper = quiet(mapper).process_group(0).spawn()?;
        let mut watchman = Command::new("sh");
        watchman.args(["-c", WATCH, "sh", &mapper.id().to_string()]).arg(folder);
        match quiet(&mut watchman).stdin(Stdio::piped()).current_dir("/").process_group(0).spawn() {
            Ok(watchman) => Ok(Self { mapper, watchman, server: None }),
            Err(error) => {
                mapper.kill()?;
                mapper.wait()?;
                Err(error.into())
            }
        }
    }

    /// Starts the server in the group, with everything it prints in `log`.
    pub(super) fn start_server(&mut self, command: &mut Command, log: File) -> io::Result<()> {
        let command = quiet(command).stdout(log.try_clone()?).stderr(log);
        self.server = Some(command.process_group(self.group()?).spawn()?);
        Ok(())
    }

    /// A command that is to run in the group.
    pub(super) fn command(&self, mut command: Command) -> tokio::process::Command {
        if let Ok(group) = self.group() {
            command.process_group(group);
        }
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    pub(super) fn server_runs(&mut self) -> io::Result<bool> {
        let Some(server) = &mut self.server else { return Ok(false) };
        let runs = server.try_wait()?.is_none();
        if !runs {
            self.server = None;
        }
        Ok(runs)
    }

    /// Tells the server to end.
    pub(super) fn terminate_server(&mut self) -> Result<(), ToolError> {
        let Some(server) = &self.server else { return Ok(()) };
        // The standard library knows no signal but SIGKILL; the shell does.
        let mut shell = Command::new("sh");
        shell.args(["-c", "kill -s TERM \"$1\"", "sh", &server.id().to_string()]);
        match quiet(&mut shell).status()?.success() || !self.server_runs()? {
            true => Ok(()),
            false => Err(ToolError::new("the broker takes no signal")),
        }
    }

    pub(super) fn kill_server(&mut self) -> io::Result<()> {
        self.server.as_mut().map_or(Ok(()), Child::kill)
    }

    fn group(&self) -> io::Result<i32> {
        i32::try_from(self.mapper.id()).map_err(io::Error::other)
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.watchman.stdin.take());
        // Nobody is left to be told of a failure.
        let _ = self.watchman.wait();
        let _ = self.mapper.wait();
        if let Some(server) = &mut self.server {
            let _ = server.wait();
        }
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
