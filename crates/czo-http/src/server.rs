//! Accepts connections, and drains them when told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long a client may take to send the head of a request; a slower one holds a connection
/// for nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before accepting again when the system is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listening HTTP/1.1 server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Starts to listen. Connections wait until [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// When the address is in use or may not be used.
    pub async fn bind(address: SocketAddr, router: Router) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, router })
    }

    /// The address it listens on; of interest when port 0 was asked for.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done; then takes no new connections, closes the idle ones, and
    /// lets requests finish for at most `drain`. Returns whether all of them did; those that did
    /// not are dropped.
    pub async fn run(self, stop: impl Future<Output = ()>, drain: Duration) -> bool {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let connections = GracefulShutdown::new();
        let mut tasks = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let stream = tokio::select! {
                () = &mut stop => break,
                // Takes what has ended off the set.
                Some(_) = tasks.join_next() => continue,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            // Answers are small and wanted at once.
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(self.router.clone());
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let watched = connections.watch(connection);
            tasks.spawn(async move {
                if let Err(error) = watched.await {
                    tracing::debug!(%error, "a connection ended early");
                }
            });
        }
        drop(self.listener);
        let finished = tokio::time::timeout(drain, connections.shutdown()).await.is_ok();
        // Aborted and waited for: whatever they held is given back before this returns.
        tasks.shutdown().await;
        finished
    }
}
