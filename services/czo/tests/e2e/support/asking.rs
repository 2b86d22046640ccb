//! Somebody who asks one thing over and over.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Client;

/// How long after an answer the next question comes.
const PAUSE: Duration = Duration::from_millis(20);

/// Somebody who asks one thing over and over, and notes what is not answered well.
#[derive(Debug)]
pub(crate) struct Asking {
    end: watch::Sender<bool>,
    task: JoinHandle<(usize, Vec<String>)>,
}

impl Asking {
    /// Begins to ask.
    pub(crate) fn of(client: Client, path: &str) -> Self {
        let (end, ended) = watch::channel(false);
        let path = path.to_owned();
        let task = tokio::spawn(async move {
            let (mut answered, mut failures) = (0, Vec::new());
            while !*ended.borrow() {
                let answer = client.get(&path).await;
                let status = answer.status();
                match status.is_success() {
                    true => answered += 1,
                    false => failures.push(format!("{status}: {:?}", answer.text().await)),
                }
                tokio::time::sleep(PAUSE).await;
            }
            (answered, failures)
        });
        Self { end, task }
    }

    /// Ends it: each question was answered well, and there were some.
    pub(crate) async fn was_always_answered(self) {
        self.end.send_replace(true);
        let (answered, failures) = self.task.await.expect("somebody who asks does not panic");
        assert!(failures.is_empty(), "{answered} were answered, and not: {failures:#?}");
        assert!(answered > 0, "nobody was quick enough to ask");
    }
}
