//! A network between a client and a server that is slow, silent or broken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Small, so that a cut comes in the middle of what is said.
const PIECE: usize = 512;
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 128;

/// Stands between clients and a server on this machine, and does to their connections what a
/// network does. Clones are the same; the last one that is dropped ends everything.
///
/// What passes, passes in order and unchanged, and the end of one direction is handed on as that.
/// A client is accepted before the server is asked: if nobody listens there, it is let go at once.
#[derive(Clone, Debug)]
pub struct TcpProxy {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    port: u16,
    server: u16,
    network: watch::Sender<Network>,
    connections: Connections,
    accepted: Arc<AtomicU64>,
    door: tokio::sync::Mutex<Door>,
}

/// One task for each connection; those that are dropped end.
type Connections = Arc<Mutex<JoinSet<()>>>;

#[derive(Clone, Copy, Debug, Default)]
struct Network {
    delay: Duration,
    is_frozen: bool,
}

/// Where clients come in.
#[derive(Debug)]
enum Door {
    Open(JoinSet<()>),
    /// The port is ours, and nobody listens.
    Shut(TcpSocket),
}

impl TcpProxy {
    /// Starts between a free port and the port `server`, both of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub async fn start(server: u16) -> io::Result<Self> {
        let socket = bind(0)?;
        let port = socket.local_addr()?.port();
        let proxy = Self {
            shared: Arc::new(Shared {
                port,
                server,
                network: watch::Sender::default(),
                connections: Connections::default(),
                accepted: Arc::default(),
                door: tokio::sync::Mutex::new(Door::Shut(socket)),
            }),
        };
        proxy.refuse(false).await?;
        Ok(proxy)
    }

    /// Where clients are to connect.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// How many clients have come so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Ends all connections, in the middle of what is said; when this returns, they have ended.
    /// New ones are made as before.
    pub async fn cut(&self) {
        let mut connections = std::mem::take(&mut *lock(&self.shared.connections));
        connections.shutdown().await;
    }

    /// Whether new clients find nobody that listens; connections that exist stay.
    ///
    /// # Errors
    ///
    /// If the system does not let us listen again.
    pub async fn refuse(&self, refuse: bool) -> io::Result<()> {
        let mut door = self.shared.door.lock().await;
        match &mut *door {
            Door::Open(accepting) if refuse => {
                // Bound before the other is let go, so that nobody else gets the port.
                let socket = bind(self.shared.port)?;
                accepting.shutdown().await;
                *door = Door::Shut(socket);
            }
            Door::Shut(_) if !refuse => {
                let socket = std::mem::replace(&mut *door, Door::Open(JoinSet::new()));
                if let (Door::Shut(socket), Door::Open(accepting)) = (socket, &mut *door) {
                    accepting.spawn(self.accept(socket.listen(BACKLOG)?));
                }
            }
            Door::Open(_) | Door::Shut(_) => {}
        }
        Ok(())
    }

    /// Delays everything that is said from now on by so much, each way.
    pub fn delay(&self, delay: Duration) {
        self.shared.network.send_modify(|network| network.delay = delay);
    }

    /// Whether nothing passes, and nobody is told: whoever speaks gets no answer, whoever connects
    /// is greeted by nobody, and an end on one side is not seen on the other. Afterwards
    /// everything passes that was said meanwhile.
    pub fn freeze(&self, freeze: bool) {
        self.shared.network.send_modify(|network| network.is_frozen = freeze);
    }

    fn accept(&self, listener: TcpListener) -> impl Future<Output = ()> + use<> {
        let server = self.shared.server;
        let network = self.shared.network.subscribe();
        let connections = Arc::clone(&self.shared.connections);
        let accepted = Arc::clone(&self.shared.accepted);
        async move {
            while let Ok((client, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                let mut connections = lock(&connections);
                while connections.try_join_next().is_some() {}
                connections.spawn(connect(client, server, network.clone()));
            }
        }
    }
}

async fn connect(client: TcpStream, server: u16, mut network: watch::Receiver<Network>) {
    thaw(&mut network).await;
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
        return;
    };
    // Whoever measures the delay wants no other.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // An end is handed on, and the other direction goes on; after a failure nothing does.
    let _ = tokio::try_join!(
        carry(from_client, to_server, network.clone()),
        carry(from_server, to_client, network),
    );
}

/// Carries bytes to the end, in order, each after its delay.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
) -> io::Result<()> {
    let (pass, mut passed) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let mut reading = network.clone();
    let read = async move {
        let mut buffer = [0; PIECE];
        loop {
            let read = from.read(&mut buffer).await;
            thaw(&mut reading).await;
            let length = read?;
            let when = Instant::now() + reading.borrow().delay;
            if pass.send((when, buffer[..length].to_vec())).is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((when, bytes)) = passed.recv().await {
            tokio::time::sleep_until(when).await;
            thaw(&mut network).await;
            match bytes.is_empty() {
                true => to.shutdown().await?,
                false => to.write_all(&bytes).await?,
            }
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(drop)
}

async fn thaw(network: &mut watch::Receiver<Network>) {
    // It fails once the proxy is gone; then this task is as good as gone, too.
    let _ = network.wait_for(|network| !network.is_frozen).await;
}

fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

fn lock(connections: &Mutex<JoinSet<()>>) -> MutexGuard<'_, JoinSet<()>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}
