//! A RabbitMQ of the test's own, to be broken.

mod binaries;
mod certificates;
mod ports;
mod processes;
mod setup;

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::ToolError;

use binaries::Binaries;
use certificates::Certificates;
use ports::Ports;
use processes::Processes;
use setup::{LOG, Setup};

/// How long a node may take to answer, or to end by itself; several may start at once.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a command may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// What a client says first in AMQP 0-9-1.
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// A RabbitMQ node of its own, from the binaries of this machine, on ports of its own and in a
/// temporary folder. Its user is `guest` with the password `guest`.
///
/// It is killed with everything it started, and its folder is removed, when this is dropped; also
/// when the process of the test ends in any other way, be it by SIGKILL.
///
/// A start takes several seconds, so a test file has few of them.
#[derive(Debug)]
pub struct TestBroker {
    // Before the folder: what is dropped first ends first.
    processes: Processes,
    binaries: Binaries,
    setup: Setup,
    certificates: Option<Certificates>,
    folder: TempDir,
}

/// What a [`TestBroker`] is to have.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestBrokerOptions {
    management: bool,
    tls: bool,
}

impl TestBrokerOptions {
    /// With the management plugin and its HTTP API, which makes the start slower.
    #[must_use]
    pub fn management(self) -> Self {
        Self { management: true, ..self }
    }

    /// With a listener for TLS, and a certificate for `localhost` and 127.0.0.1 from an authority
    /// that was made for this broker.
    #[must_use]
    pub fn tls(self) -> Self {
        Self { tls: true, ..self }
    }

    /// Starts the broker and waits until it answers.
    ///
    /// # Errors
    ///
    /// If RabbitMQ is not installed or does not start; the error shows the end of its log.
    pub async fn start(self) -> Result<TestBroker, ToolError> {
        let binaries = Binaries::find()?;
        let folder = tempfile::Builder::new().prefix("czo-broker-").tempdir()?;
        let certificates = match self.tls {
            true => Some(Certificates::make(folder.path())?),
            false => None,
        };
        let setup = Setup::write(folder.path(), Ports::take(self)?, certificates.as_ref())?;
        let processes = Processes::start(&mut setup.mapper(&binaries), folder.path())?;
        let mut broker = TestBroker { processes, binaries, setup, certificates, folder };
        broker.start_again().await?;
        Ok(broker)
    }
}

impl TestBroker {
    /// Starts a broker with nothing but AMQP, and waits until it answers.
    ///
    /// # Errors
    ///
    /// As [`TestBrokerOptions::start`].
    pub async fn start() -> Result<Self, ToolError> {
        Self::options().start().await
    }

    /// What a broker is to have.
    #[must_use]
    pub fn options() -> TestBrokerOptions {
        TestBrokerOptions::default()
    }

    /// Where it answers AMQP; the same after each start.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.setup.ports().amqp.port()
    }

    /// The URL for AMQP, with user, password and virtual host.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port())
    }

    /// The URL for AMQP over TLS.
    ///
    /// # Panics
    ///
    /// If [`tls`](TestBrokerOptions::tls) was not asked for.
    #[must_use]
    pub fn tls_url(&self) -> String {
        let tls = self.setup.ports().tls.as_ref().expect("a broker with TLS");
        format!("amqps://guest:guest@localhost:{}/%2f", tls.port())
    }

    /// The certificate of the authority to trust, as PEM.
    ///
    /// # Panics
    ///
    /// If [`tls`](TestBrokerOptions::tls) was not asked for.
    #[must_use]
    pub fn ca_certificate(&self) -> &Path {
        &self.certificates.as_ref().expect("a broker with TLS").authority
    }

    /// The address of the HTTP API, with user and password, without `/api`.
    ///
    /// # Panics
    ///
    /// If [`management`](TestBrokerOptions::management) was not asked for.
    #[must_use]
    pub fn management_url(&self) -> String {
        let port = self.setup.ports().management.as_ref().expect("a broker with management").port();
        format!("http://guest:guest@127.0.0.1:{port}")
    }

    /// Runs `rabbitmqctl` on this node, such as `["add_vhost", "shop"]`; returns what it printed,
    /// without headings.
    ///
    /// # Errors
    ///
    /// If the command fails; the error shows what it said, and the end of the node's log.
    pub async fn ctl(&self, words: &[&str]) -> Result<String, ToolError> {
        let what = |how: &str| ToolError::new(format!("`rabbitmqctl {}` {how}", words.join(" ")));
        let mut command = self.setup.ctl(&self.binaries);
        command.args(words);
        let mut command = self.processes.command(command);
        let output = timeout(COMMAND_PATIENCE, command.output())
            .await
            .map_err(|_| what("takes too long").log(&self.log()))?
            .map_err(|error| what(&format!("cannot run: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let failed = what(&format!("failed ({})", output.status));
        Err(failed.said(&output.stdout).said(&output.stderr).log(&self.log()))
    }

    /// Ends the node in good order, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// If it does not end.
    pub async fn stop(&mut self) -> Result<(), ToolError> {
        self.processes.terminate_server()?;
        self.ended("stop").await
    }

    /// Kills the node, with no time to write anything, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// If it does not end.
    pub async fn kill(&mut self) -> Result<(), ToolError> {
        self.processes.kill_server()?;
        self.ended("end").await
    }

    /// Starts the node again after [`stop`](Self::stop) or [`kill`](Self::kill), with the data and
    /// at the ports it had, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it runs, or does not start; the error shows the end of its log.
    pub async fn start_again(&mut self) -> Result<(), ToolError> {
        if self.processes.server_runs()? {
            return Err(ToolError::new("the broker runs already"));
        }
        let log = std::fs::OpenOptions::new().append(true).create(true).open(self.log())?;
        self.processes.start_server(&mut self.setup.server(&self.binaries), log)?;
        let deadline = Instant::now() + PATIENCE;
        while !self.is_up().await {
            if !self.processes.server_runs()? {
                return Err(ToolError::new("the broker ended at its start").log(&self.log()));
            }
            if Instant::now() >= deadline {
                return Err(ToolError::new("the broker does not answer").log(&self.log()));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn ended(&mut self, what: &str) -> Result<(), ToolError> {
        let deadline = Instant::now() + PATIENCE;
        while self.processes.server_runs()? {
            if Instant::now() >= deadline {
                let error = ToolError::new(format!("the broker does not {what}"));
                return Err(error.log(&self.log()));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The other listeners are there before this one.
    async fn is_up(&self) -> bool {
        let greeting = async {
            let mut server = TcpStream::connect(("127.0.0.1", self.port())).await?;
            server.write_all(PROTOCOL_HEADER).await?;
            server.read_u8().await
        };
        // It answers with a frame of the kind `method`, which is 1.
        matches!(timeout(COMMAND_PATIENCE, greeting).await, Ok(Ok(1)))
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join(LOG)
    }
}
