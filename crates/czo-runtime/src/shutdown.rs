//! The signals that end a server.

use tokio::sync::watch;

/// Listens for SIGTERM and Ctrl-C from the moment it is installed.
pub(crate) struct Signals {
    received: watch::Receiver<Option<&'static str>>,
}

impl Signals {
    /// Starts to listen. The second signal ends the process with status 130.
    pub(crate) fn install() -> Self {
        let (tell, received) = watch::channel(None);
        // Here and not in the task: a signal that comes before the task runs must count.
        let mut signals = Source::new();
        tokio::spawn(async move {
            let first = signals.next().await;
            let _ = tell.send(Some(first));
            let second = signals.next().await;
            tracing::warn!(signal = second, "ended at once by a second signal");
            std::process::exit(130);
        });
        Self { received }
    }

    /// Waits for the first signal and says which it was.
    pub(crate) async fn first(mut self) -> &'static str {
        match self.received.wait_for(Option::is_some).await {
            Ok(signal) => signal.unwrap_or("signal"),
            Err(_) => "the end of the signal listener",
        }
    }
}

#[cfg(unix)]
struct Source {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Source {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "a signal cannot be listened for"))
                .ok()
        };
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    async fn next(&mut self) -> &'static str {
        async fn wait(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = wait(&mut self.terminate) => "SIGTERM",
            () = wait(&mut self.interrupt) => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
