//! A Redis of the torture's own, to be killed.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A server of its own, in a temporary folder; it ends and its folder goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts a server, and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("czo-cache-").tempdir()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = serve(&folder, port)?;
        let server = Self { folder, port, child };
        server.wait()?;
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets it write what it has to its disk: what it begins with after the next crash.
    pub(crate) fn save(&self) -> Result<()> {
        self.ask(&["SAVE"])
    }

    pub(crate) fn empty(&self) -> Result<()> {
        self.ask(&["FLUSHALL"])
    }

    /// Ends the connections that hear notices.
    pub(crate) fn cut_listeners(&self) -> Result<()> {
        self.ask(&["CLIENT", "KILL", "TYPE", "pubsub"])
    }

    /// Kills it, and starts it again with what it had saved.
    pub(crate) fn crash(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = serve(&self.folder, self.port)?;
        self.wait()
    }

    /// Lets it answer nothing for a while.
    pub(crate) fn freeze(&self, frozen: bool) -> Result<()> {
        let signal = if frozen { "STOP" } else { "CONT" };
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &self.child.id().to_string()])
            .status()?;
        ensure!(sent.success(), "redis did not take SIG{signal}");
        Ok(())
    }

    fn ask(&self, words: &[&str]) -> Result<()> {
        let said = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("cannot run redis-cli")?;
        ensure!(said.success(), "redis does not {}", words.join(" "));
        Ok(())
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.ask(&["PING"]).is_err() {
            ensure!(Instant::now() < deadline, "redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(folder: &TempDir, port: u16) -> Result<Child> {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run redis-server")
}
