//! A running server.

use std::path::PathBuf;

use super::log::{Event, events};
use super::process::Process;
use super::site::kept_token;
use super::{Client, Finished, eventually};

/// A server that is ready. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    url: String,
    data_dir: PathBuf,
}

impl Server {
    /// Waits until a process says where it serves.
    pub(crate) async fn ready(mut process: Process, data_dir: PathBuf) -> Self {
        let url = eventually("the server is ready", async || {
            // Asked first, so that all that was written until the end is seen below.
            let has_ended = process.has_ended();
            let url = announced(&process.stdout());
            assert!(url.is_some() || !has_ended, "it ended:\n{}", process.stderr());
            url
        })
        .await;
        Self { process, url, data_dir }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an http URL")
    }

    pub(crate) fn stdout(&self) -> String {
        self.process.stdout()
    }

    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// The owner's token, if it was printed; never more than once.
    pub(crate) fn printed_token(&self) -> Option<String> {
        let stdout = self.stdout();
        let mut tokens = stdout.lines().filter_map(|line| {
            let value = line.trim().strip_prefix("Owner token")?.trim();
            value.starts_with("czo_").then(|| value.to_owned())
        });
        let token = tokens.next()?;
        assert_eq!(stdout.matches(&token).count(), 1, "printed more than once:\n{stdout}");
        Some(token)
    }

    /// The events in the log of a server with `CZO_LOG__FORMAT=json`.
    pub(crate) fn events(&self) -> Vec<Event> {
        events(&self.stderr())
    }

    /// Somebody without a token.
    pub(crate) fn visitor(&self) -> Client {
        Client::new(&self.url)
    }

    /// Somebody with the token that the first start on this folder made.
    pub(crate) fn owner(&self) -> Client {
        let token = kept_token(&self.data_dir).expect("a first start kept its token");
        self.visitor().with_token(&token)
    }

    /// Whether `server.json` is there.
    pub(crate) fn is_announced(&self) -> bool {
        self.data_dir.join("server.json").exists()
    }

    /// The largest resident memory so far, in MiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .expect("the server runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).expect("a line in kB");
        kib.trim().parse::<u64>().expect("a number") / 1024
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for the end that a signal brought about.
    pub(crate) async fn finish(self) -> Finished {
        self.process.finish().await
    }

    /// Tells it to stop, and waits for that.
    pub(crate) async fn stop(self) -> Finished {
        self.signal("TERM");
        self.finish().await
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(self) {
        self.signal("KILL");
        self.finish().await;
    }
}

/// The URL in what the server prints when it is ready.
fn announced(stdout: &str) -> Option<String> {
    // Its last line is there as well, so that all of it has been seen.
    stdout.contains("Stop with Ctrl-C").then_some(())?;
    let health = stdout.lines().find_map(|line| line.trim().strip_prefix("Health"))?;
    health.trim().strip_suffix("/api/_health").map(str::to_owned)
}
