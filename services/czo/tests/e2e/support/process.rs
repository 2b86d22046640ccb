//! The program as a process.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

use super::eventually;

/// A running czo. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdout: Captured,
    stderr: Captured,
}

/// A czo that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit status; none when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What a process has written so far.
#[derive(Debug)]
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("czo starts");
        let stdout = Captured::from(child.stdout.take().expect("standard output is piped"));
        let stderr = Captured::from(child.stderr.take().expect("standard error is piped"));
        Self { child, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the state of a child").is_some()
    }

    /// Sends a signal: `TERM`, `INT`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        // The shell has it built in, wherever the tests run.
        let mut shell = Command::new("sh");
        let sent = shell.args(["-c", r#"kill -s "$0" "$1""#, name, &id]).status().expect("sh runs");
        assert!(sent.success(), "process {id} is there to get SIG{name}");
    }

    /// Waits for its end.
    pub(crate) async fn finish(mut self) -> Finished {
        eventually("czo ends", async || self.has_ended().then_some(())).await;
        let status = self.child.wait().expect("the status of a child").code();
        Finished { status, stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "whoever reads of a failed test wants to know why")]
    fn drop(&mut self) {
        // Errors mean that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- standard error of czo\n{}", self.stderr.whole());
        }
    }
}

impl Finished {
    /// The same, after status 0.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }

    /// Standard output, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("standard output is JSON")
    }

    /// The one sentence of an error: status 1, one line that begins with `error:`, and no panic.
    pub(crate) fn refusal(&self) -> &str {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        let mut lines = self.stderr.lines();
        let last = lines.next_back().unwrap_or_default();
        let sentence = last.strip_prefix("error: ").unwrap_or_default();
        assert!(!sentence.is_empty(), "expected one line as the end:\n{}", self.stderr);
        assert!(lines.all(|line| !line.starts_with("error: ")), "{}", self.stderr);
        sentence
    }
}

impl Captured {
    fn from(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let kept = bytes.clone();
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length) = stream.read(&mut piece) {
                if length == 0 {
                    break;
                }
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend(&piece[..length]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything, once the process has ended.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading a pipe does not panic");
        }
        self.text()
    }
}
