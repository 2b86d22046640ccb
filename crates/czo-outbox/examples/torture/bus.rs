//! The bus of a relay process: what it takes, the broker has recorded.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

use super::wire::{self, Caller, Parcel};

/// Hands events to the broker over one connection, any number at once, each until the broker
/// says that it is recorded.
#[derive(Debug)]
pub(crate) struct TcpBus {
    broker: SocketAddr,
    connection: tokio::sync::Mutex<Option<Connection>>,
}

#[derive(Debug)]
struct Connection {
    to: OwnedWriteHalf,
    last: u64,
    waiting: Waiting,
}

/// Who waits for which number; nothing once the connection is lost.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<()>>>>>;

impl TcpBus {
    pub(crate) fn new(broker: SocketAddr) -> Self {
        Self { broker, connection: tokio::sync::Mutex::default() }
    }

    async fn send(&self, event: DomainEvent) -> io::Result<()> {
        let recorded = {
            let mut connection = self.connection.lock().await;
            let open = match connection.take().filter(Connection::is_open) {
                Some(open) => open,
                None => Connection::open(self.broker).await?,
            };
            // Taken out until the line is written: half a line is never followed by another.
            let (open, recorded) = open.send(event).await?;
            *connection = Some(open);
            recorded
        };
        recorded.await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))
    }
}

impl Connection {
    async fn open(broker: SocketAddr) -> io::Result<Self> {
        let (from, mut to) = TcpStream::connect(broker).await?.into_split();
        wire::send(&mut to, &Caller::Relay).await?;
        let waiting = Waiting::new(Mutex::new(Some(HashMap::new())));
        let told = waiting.clone();
        tokio::spawn(async move {
            let _ = acknowledge(from, &told).await;
            // Whoever waits learns that nobody knows.
            drop(told.lock().unwrap_or_else(PoisonError::into_inner).take());
        });
        Ok(Self { to, last: 0, waiting })
    }

    fn is_open(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    async fn send(mut self, event: DomainEvent) -> io::Result<(Self, oneshot::Receiver<()>)> {
        self.last += 1;
        let (tell, recorded) = oneshot::channel();
        match &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.insert(self.last, tell),
            None => return Err(io::ErrorKind::ConnectionAborted.into()),
        };
        wire::send(&mut self.to, &Parcel { number: self.last, event }).await?;
        Ok((self, recorded))
    }
}

/// Tells those who wait what is recorded, until the connection is lost.
async fn acknowledge(from: OwnedReadHalf, waiting: &Waiting) -> io::Result<()> {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        let number: u64 = wire::read(&line)?;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tell) = waiting.as_mut().and_then(|waiting| waiting.remove(&number)) {
            // The relay may have given up.
            let _ = tell.send(());
        }
    }
    Ok(())
}

#[async_trait]
impl EventBus for TcpBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        let sent = self.send(event).await;
        sent.map_err(|error| BusError::Unavailable { reason: error.to_string() })
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        for event in events {
            self.publish(event).await?;
        }
        Ok(())
    }

    async fn relay(&self, event: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        self.publish(event).await?;
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        _: TopicPattern,
        _: Group,
        _: Arc<dyn EventHandler>,
        _: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        // Consumers are processes of their own.
        Err(BusError::Closed)
    }

    async fn shutdown(&self, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up()
    }
}
