//! A network between a node and Redis that is slow, or breaks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// What a listener says first.
const SUBSCRIBE: &[u8] = b"SUBSCRIBE";

/// What passes between a node and Redis. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    server: u16,
    /// In milliseconds, each way.
    delay: AtomicU64,
    /// The same, for what listeners hear.
    notice_delay: AtomicU64,
    is_cut: AtomicBool,
    /// Connections end, in the middle of what is said.
    cut: Notify,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let proxy = Self {
            shared: Arc::new(Shared {
                address: listener.local_addr()?,
                server,
                delay: AtomicU64::new(0),
                notice_delay: AtomicU64::new(0),
                is_cut: AtomicBool::new(false),
                cut: Notify::new(),
            }),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !accepting.shared.is_cut.load(Ordering::Relaxed) {
                    tokio::spawn(accepting.clone().connect(client));
                }
            }
        });
        Ok(proxy)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.shared.address)
    }

    /// Delays everything by so much each way.
    pub(crate) fn delay(&self, delay: Duration) {
        self.shared.delay.store(millis(delay), Ordering::Relaxed);
    }

    /// Delays what listeners hear by so much; whatever is asked is answered as before.
    pub(crate) fn delay_notices(&self, delay: Duration) {
        self.shared.notice_delay.store(millis(delay), Ordering::Relaxed);
    }

    /// Ends all connections, wherever they are; with `stay`, there are no others until told so.
    pub(crate) fn cut(&self, stay: bool) {
        self.shared.is_cut.store(stay, Ordering::Relaxed);
        self.shared.cut.notify_waiters();
    }

    pub(crate) fn mend(&self) {
        self.shared.is_cut.store(false, Ordering::Relaxed);
        self.delay(Duration::ZERO);
        self.delay_notices(Duration::ZERO);
    }

    async fn connect(self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.shared.server)).await else {
            return;
        };
        // Whoever measures the delay wants no other.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let listens = AtomicBool::new(false);
        let ask = |said: &[u8]| {
            if said.windows(SUBSCRIBE.len()).any(|word| word == SUBSCRIBE) {
                listens.store(true, Ordering::Relaxed);
            }
            self.shared.delay.load(Ordering::Relaxed)
        };
        let answer = |_: &[u8]| {
            let delay = self.shared.delay.load(Ordering::Relaxed);
            match listens.load(Ordering::Relaxed) {
                true => delay.max(self.shared.notice_delay.load(Ordering::Relaxed)),
                false => delay,
            }
        };
        tokio::select! {
            () = carry(from_client, to_server, ask) => {}
            () = carry(from_server, to_client, answer) => {}
            () = self.shared.cut.notified() => {}
        }
    }
}

/// Carries bytes, in order, each after its delay, in milliseconds.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: impl Fn(&[u8]) -> u64) {
    let (pass, mut passed) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async {
        // Small, so that a cut comes in the middle of an answer.
        let mut buffer = vec![0; 512];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let delay = Duration::from_millis(delay(&buffer[..length]));
            if pass.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    let write = async {
        while let Some((when, bytes)) = passed.recv().await {
            tokio::time::sleep_until(when).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
