//! Commands in the foreground: run, ask, find.

use std::env;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a command to its end, with its output going where ours goes; an error names the command
/// and how it ended.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run `{}`", line_of(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line_of(command));
    }
    Ok(())
}

/// Runs a command to its end, with its output going where ours goes; returns its exit status, and
/// that of a failure if it was ended by a signal.
pub(crate) fn status(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().with_context(|| format!("cannot run `{}`", line_of(command)))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs a command to its end and returns what it printed; an error holds what it printed on
/// standard error.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{}`", line_of(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", line_of(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a short command printed, or `None` if it cannot run, fails or takes longer than `limit`
/// (it is killed then).
pub(crate) fn ask(command: &mut Command, limit: Duration) -> Option<String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                child.kill().ok()?;
                child.wait().ok()?;
                return None;
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut said = String::new();
    child.stdout.take()?.read_to_string(&mut said).ok()?;
    status.success().then_some(said)
}

/// The path of a program on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// The command as a person would type it (without the variables it is given).
pub(crate) fn line_of(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let mut line = program.into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_how_it_ended() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn the_status_of_a_command_can_be_handed_on() -> Result<()> {
        let status = |script| status(Command::new("sh").args(["-c", script]));
        assert_eq!(status("exit 2")?, ExitCode::from(2));
        assert_eq!(status("kill -KILL $$")?, ExitCode::FAILURE);
        Ok(())
    }

    #[test]
    fn a_command_that_takes_too_long_is_given_up() {
        let start = Instant::now();
        let said = ask(Command::new("sleep").arg("30"), Duration::from_millis(100));
        assert_eq!(said, None);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn an_answer_of_a_failed_command_does_not_count() {
        let long = Duration::from_secs(10);
        assert_eq!(ask(Command::new("sh").args(["-c", "echo hi"]), long).as_deref(), Some("hi\n"));
        assert_eq!(ask(Command::new("sh").args(["-c", "echo hi; exit 1"]), long), None);
        assert_eq!(ask(&mut Command::new("no-such-program"), long), None);
    }
}
