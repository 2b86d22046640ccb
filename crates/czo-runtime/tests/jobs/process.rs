//! The program as a process: the test binary, told to be it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Parser;
use czo_runtime::cli::{Command, GlobalArgs};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

use crate::works::program;

/// Tells the test binary that it is the program: its command line. No setting begins so.
const COMMAND: &str = "CZO_TEST_COMMAND";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test binary as the program; as a test it is nothing.
#[test]
fn the_program_itself() {
    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    let Ok(line) = std::env::var(COMMAND) else { return };
    let cli = Cli::parse_from(std::iter::once("works").chain(line.split(' ')));
    let czo = program(std::env::current_dir().unwrap()).build().unwrap();
    let code = czo_runtime::cli::block_on(async {
        Box::pin(cli.command.execute(czo, &GlobalArgs::default())).await?;
        Ok(std::process::ExitCode::SUCCESS)
    });
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

/// A folder in which the program runs.
pub(crate) struct Place {
    folder: TempDir,
    settings: Vec<(&'static str, &'static str)>,
}

/// A program that runs. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    output: PathBuf,
    place: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, settings: vec![("CZO_SERVER__LISTEN", "127.0.0.1:0")] }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Leaves a file there, which jobs look for.
    pub(crate) fn leave(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    /// By which processes works were begun.
    pub(crate) fn begun(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.path("begun")).unwrap_or_default();
        text.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
    }

    fn spawn(&self, command: &str) -> Program {
        let output = self.path(&format!("output-{}", uuid::Uuid::now_v7()));
        let file = std::fs::File::create(&output).unwrap();
        let mut program = tokio::process::Command::new(std::env::current_exe().unwrap());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CZO_") {
                program.env_remove(name);
            }
        }
        let child = program
            .args(["process::the_program_itself", "--exact", "--nocapture"])
            .env(COMMAND, command)
            .envs(self.settings.iter().copied())
            .current_dir(self.folder.path())
            .stdout(file.try_clone().unwrap())
            .stderr(Stdio::from(file))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Program { child, output, place: self.folder.path().to_owned() }
    }

    /// Starts the program and waits until it is ready.
    pub(crate) async fn start(&self, command: &str) -> Program {
        let program = self.spawn(command);
        let ready = "the program is ready";
        eventually(ready, async || program.output().contains("Stop with Ctrl-C").then_some(()))
            .await;
        program
    }

    /// Runs a command to its end; gives its output.
    pub(crate) async fn run(&self, command: &str) -> String {
        let mut program = self.spawn(command);
        assert_eq!(program.end().await, Some(0), "{}", program.output());
        program.output()
    }

    /// The jobs that `jobs list` shows.
    pub(crate) async fn jobs(&self, which: &str) -> Vec<Value> {
        let output =
            self.run(&format!("jobs list --json {which}").trim_end().replace("  ", " ")).await;
        let list = output.lines().find(|line| line.starts_with('[')).unwrap();
        serde_json::from_str(list).unwrap()
    }
}

impl Program {
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// What it wrote so far.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let mut shell = std::process::Command::new("sh");
        let sent = shell.args(["-c", r#"kill -s "$0" "$1""#, name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap().code()
    }

    /// Asks the server, as the owner.
    pub(crate) async fn ask(&self, method: reqwest::Method, path: &str, body: &str) -> Value {
        let output = self.output();
        let health = output.lines().find_map(|line| line.trim().strip_prefix("Health")).unwrap();
        let url = health.trim().strip_suffix("/api/_health").unwrap();
        let token = std::fs::read_to_string(self.place.join(".czo/owner-token")).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.request(method, format!("{url}{path}")).bearer_auth(token.trim());
        let answer = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask(reqwest::Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str) -> Value {
        self.ask(reqwest::Method::POST, path, "").await
    }

    /// Enqueues a work; gives its path.
    pub(crate) async fn enqueue(&self, work: &str) -> String {
        let id = self.ask(reqwest::Method::POST, "/api/works", &format!("{work:?}")).await;
        format!("/api/jobs/{}", id.as_str().unwrap())
    }

    /// Waits until a job is in this state.
    pub(crate) async fn until(&self, job: &str, state: &str) -> Value {
        eventually(&format!("{job} is {state}"), async || {
            let job = self.get(job).await;
            (job["state"] == state).then_some(job)
        })
        .await
    }
}

/// Looks until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
