//! The processes of a torture: this program, started again with a part to play.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

/// The variable that holds the part a process is to play, as JSON.
const PART: &str = "CZO_TORTURE_PART";

/// A process that plays a part: this program, which then comes to [`perform`]. Dropped, it is
/// killed.
#[derive(Debug)]
pub struct Actor {
    child: Child,
}

impl Actor {
    /// Starts this program again. `arguments` are what it needs to come to [`perform`].
    ///
    /// # Errors
    ///
    /// When it can't be run.
    pub fn start(part: &impl Serialize, arguments: &[String]) -> io::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env(PART, serde_json::to_string(part)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { child })
    }

    /// Kills it, by `SIGKILL`, and says how it ended.
    ///
    /// # Errors
    ///
    /// When the system does not.
    pub fn kill(mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Lets no more of it run until it is [thawed](Self::thaw).
    ///
    /// # Errors
    ///
    /// When it takes no signal.
    pub fn freeze(&self) -> io::Result<()> {
        signal(&self.child, "STOP")
    }

    /// Lets it run again.
    ///
    /// # Errors
    ///
    /// When it takes no signal.
    pub fn thaw(&self) -> io::Result<()> {
        signal(&self.child, "CONT")
    }

    /// Asks it to end in good order.
    pub fn dismiss(&mut self) {
        drop(self.child.stdin.take());
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Plays the part that this process was started for; nothing when it was started for none.
///
/// The receiver tells when it is dismissed, also by the end of whoever started it. A failure is
/// printed: who started it sees that it ended, and this is for who looks for the reason.
pub fn perform<P, E, F>(play: impl FnOnce(P, oneshot::Receiver<()>) -> F) -> Option<ExitCode>
where
    P: DeserializeOwned,
    E: Display,
    F: Future<Output = Result<(), E>>,
{
    let part = std::env::var(PART).ok()?;
    let (dismiss, dismissed) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = dismiss.send(());
    });
    let played = serde_json::from_str(&part)
        .map_err(io::Error::from)
        .and_then(|part| Ok((part, runtime()?)))
        .map_err(|error| error.to_string())
        .and_then(|(part, runtime)| {
            let outcome = runtime.block_on(play(part, dismissed));
            runtime.shutdown_background();
            outcome.map_err(|error| format!("{error:#}"))
        });
    Some(match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "a process of the torture gives up: {reason}");
            ExitCode::FAILURE
        }
    })
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Sends a signal, such as `STOP`, to a child that has not been waited for. The standard library
/// knows only `SIGKILL`; the shell knows them all.
///
/// # Errors
///
/// When the child does not take it.
pub fn signal(child: &Child, name: &str) -> io::Result<()> {
    let id = child.id().to_string();
    let sent =
        Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &id]).status()?;
    match sent.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("process {id} did not take SIG{name}"))),
    }
}
