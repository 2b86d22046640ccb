//! Queues of their own on the shared Redis, and servers that a test may kill.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use czo_core::{
    Claim, ClaimRequest, Finished, IdGenerator, JobName, JobSource, Outcome, SystemIds,
};
use czo_jobs::{RedisJobs, RedisOptions};
use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::config::Config;
use fred::types::{Builder, ClusterHash, CustomCommand, Value};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A job that a test tells from others.
#[derive(Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
}

impl czo_core::Job for Numbered {
    const NAME: JobName = JobName::from_static("test.numbered");
}

/// A prefix that no other test has.
pub(crate) fn prefix() -> String {
    format!("czo-test-{}", SystemIds.uuid_v7().simple())
}

/// Where the shared Redis is.
fn shared_url() -> String {
    std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// A queue of its own on the shared Redis, whose keys go when it is dropped.
pub(crate) struct TestQueue {
    pub(crate) jobs: RedisJobs,
    pub(crate) prefix: String,
}

impl TestQueue {
    pub(crate) async fn new() -> Self {
        let prefix = prefix();
        let jobs = connect(&shared_url(), &prefix).await;
        Self { jobs, prefix }
    }

    /// The same queue over connections of its own, as another process has it.
    pub(crate) async fn other(&self) -> RedisJobs {
        connect(&shared_url(), &self.prefix).await
    }

    /// Says something to the server.
    pub(crate) async fn say(&self, words: &[&str]) -> Value {
        say(&shared_url(), words).await
    }

    /// A key of this queue.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{{{}}}:{rest}", self.prefix)
    }
}

impl Drop for TestQueue {
    fn drop(&mut self) {
        let pattern = format!("{{{}}}:*", self.prefix);
        let clear = async move {
            let code = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('UNLINK', key) end";
            say(&shared_url(), &["EVAL", code, "0", &pattern]).await;
        };
        let thread = std::thread::spawn(move || runtime().block_on(clear));
        // A test that fails anyway need not clean up.
        let _ = thread.join();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A queue with this prefix on this server.
pub(crate) async fn connect(url: &str, prefix: &str) -> RedisJobs {
    let options = RedisOptions::new(url.parse().unwrap()).prefix(prefix);
    RedisJobs::connect(options).await.expect("Redis answers; `cargo xtask infra up` provides one")
}

/// Says something to a server.
pub(crate) async fn say(url: &str, words: &[&str]) -> Value {
    let client: Client = Builder::from_config(Config::from_url(url).unwrap()).build().unwrap();
    let task = client.init().await.unwrap();
    let command = CustomCommand::new(words[0].to_owned(), ClusterHash::FirstKey, false);
    let words = words[1..].iter().map(|word| Value::from(*word)).collect::<Vec<_>>();
    let answer = client.custom(command, words).await.unwrap();
    task.abort();
    answer
}

/// Up to so many claims of this name, each for a minute.
pub(crate) async fn claim(jobs: &RedisJobs, name: &JobName, limit: usize) -> Vec<Claim> {
    claim_for(jobs, name, limit, Duration::from_secs(60)).await
}

/// Up to so many claims of this name.
pub(crate) async fn claim_for(
    jobs: &RedisJobs,
    name: &JobName,
    limit: usize,
    lease: Duration,
) -> Vec<Claim> {
    let request = ClaimRequest::new(vec![name.clone()], limit, "test", lease);
    jobs.claim(&request).await.unwrap()
}

/// The end of an attempt.
pub(crate) fn finished(claim: &Claim, outcome: Outcome) -> Finished {
    Finished { ticket: claim.ticket, outcome, progress: None }
}

/// A server of the test's own.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl Server {
    /// Starts a server that keeps nothing, unless these arguments say so.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).collect();
        // Another try when somebody else took the port meanwhile.
        loop {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let process = launch(folder.path(), port, &arguments);
            let mut server = Self { process, folder, port, arguments: arguments.clone() };
            if server.answers().await {
                return server;
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, with what it kept.
    pub(crate) async fn restart(&mut self) {
        loop {
            self.process = launch(self.folder.path(), self.port, &self.arguments);
            if self.answers().await {
                return;
            }
        }
    }

    pub(crate) async fn say(&self, words: &[&str]) -> Value {
        say(&self.url(), words).await
    }

    /// Waits until it takes connections and has read what it kept; whether it does, and has not
    /// ended.
    async fn answers(&mut self) -> bool {
        let begin = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < PATIENCE, "redis-server starts");
            let client = Builder::from_config(Config::from_url(&self.url()).unwrap());
            let client: Client = client.build().unwrap();
            if let Ok(task) = client.init().await {
                let info = client.info::<String>(None).await.unwrap_or_default();
                task.abort();
                // Not that of another test.
                let mine = format!("process_id:{}\r\n", self.process.id());
                if info.contains(&mine) && info.contains("loading:0\r\n") {
                    return true;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(folder: &Path, port: u16, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--port"])
        .arg(port.to_string())
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}
