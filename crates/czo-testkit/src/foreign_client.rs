//! A client of the broker that is none of ours.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ToolError;

/// What is installed, and nothing else: its hash is here, too.
const REQUIREMENTS: &str = include_str!("../foreign/requirements.txt");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign");
/// What Python is called on this machine.
const PYTHON: &str = "python3";

/// Python with the client library pika, and two scripts, which speak to RabbitMQ as a program of
/// somebody else does.
///
/// The library is installed in the target folder, by the first test that wants it; that needs
/// Python 3 with `venv`, and the network or a cache of pip. A change of the version installs it
/// anew.
#[derive(Clone, Debug)]
pub struct ForeignClient {
    python: PathBuf,
}

impl ForeignClient {
    /// Installs the library unless it is there; waits while another process does.
    ///
    /// # Errors
    ///
    /// If Python is missing, or the library can't be installed; the error says what pip said.
    pub async fn install() -> Result<Self, ToolError> {
        tokio::task::spawn_blocking(install)
            .await
            .map_err(|panic| ToolError::new(panic.to_string()))?
    }

    /// The interpreter that has the library.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// A command that consumes `count` messages of a topic exchange from a queue of its own.
    ///
    /// It prints `ready` when its queue is bound, and then each message as a line of JSON with
    /// `body`, `properties` (`message_id`, `correlation_id`, `content_type`, `type`,
    /// `delivery_mode`, `timestamp`), `headers` and `routing_key`. It ends when it has
    /// acknowledged the last, and is killed when it is dropped.
    #[must_use]
    pub fn consume(
        &self,
        url: &str,
        exchange: &str,
        pattern: &str,
        count: usize,
    ) -> tokio::process::Command {
        self.script("consume.py", &[url, exchange, pattern, &count.to_string()])
    }

    /// A command that reads a JSON body from each line of its standard input and publishes it.
    ///
    /// It prints `confirmed` for each when the broker has taken it, and fails with the first that
    /// reaches no queue. It ends with its input, and is killed when it is dropped.
    #[must_use]
    pub fn publish(&self, url: &str, exchange: &str, routing_key: &str) -> tokio::process::Command {
        self.script("publish.py", &[url, exchange, routing_key])
    }

    /// What it says of its failures goes where the test's output goes.
    fn script(&self, name: &str, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.python);
        command
            .arg(Path::new(SCRIPTS).join(name))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

fn install() -> Result<ForeignClient, ToolError> {
    let folder = target_folder()?.join("foreign");
    fs::create_dir_all(&folder)?;
    // Held until this returns, or the process ends.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let version = REQUIREMENTS.split_whitespace().next().unwrap_or_default().replace("==", "-");
    let folder = folder.join(version);
    let python = folder.join("bin").join("python");
    // Written last, so what was left half done is done anew.
    let done = folder.join("requirements.txt");
    let is_done = fs::read_to_string(&done).is_ok_and(|text| text == REQUIREMENTS);
    // The interpreter is a link, which ends nowhere once the machine has another Python.
    if !(is_done && python.is_file()) {
        run(Command::new(PYTHON).args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"])
            .arg(Path::new(SCRIPTS).join("requirements.txt")))?;
        fs::write(done, REQUIREMENTS)?;
    }
    Ok(ForeignClient { python })
}

/// The folder cargo builds into: this program is below it.
fn target_folder() -> Result<PathBuf, ToolError> {
    let program = std::env::current_exe()?;
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let target = program.ancestors().skip(1).find(is_target);
    Ok(target.map_or_else(|| std::env::temp_dir().join("czo"), Path::to_owned))
}

fn run(command: &mut Command) -> Result<(), ToolError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => ToolError::new(format!(
            "`{PYTHON}` is not installed; a test with a foreign client of the broker needs it"
        )),
        _ => ToolError::new(format!("cannot run {command:?}: {error}")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let failed = ToolError::new(format!("{command:?} failed ({})", output.status));
    Err(failed.said(&output.stdout).said(&output.stderr))
}
