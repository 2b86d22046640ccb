//! One connection to the broker, made again whenever it is lost.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::tcp::OwnedTLSConfig;
use lapin::{Connection, ConnectionProperties, Event};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::AmqpOptions;
use crate::backoff::Backoff;

/// How long the broker may take to let us in.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// How often the client is asked whether it still has a connection, should it not have said so.
const LOOK: Duration = Duration::from_secs(1);

/// A connection that lasted longer than this was no failure.
const LONG: Duration = Duration::from_secs(2);

/// How long a connection may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// One connection to the broker, made again whenever it is lost, with pauses from 50 ms to 5 s.
/// Clones are the same connection. It ends when it is [closed](Self::close), or with the last
/// clone.
///
/// The client has a recovery of its own, which is not used: it binds queues twice, hangs once its
/// attempts are used up, and loses consumers without a word. Whoever uses a connection declares
/// anew what it needs on the next one.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: watch::Receiver<State>,
    closing: watch::Sender<bool>,
    trouble: Arc<Mutex<Trouble>>,
}

#[derive(Clone, Debug)]
enum State {
    /// There is none, and the first attempt is not over.
    Beginning,
    /// There is none.
    Lost,
    Open(Arc<Connection>),
    Closed,
}

#[derive(Debug, Default)]
struct Trouble {
    /// Why there is no connection.
    lost: Option<String>,
    /// Why the broker takes nothing.
    blocked: Option<String>,
}

/// How a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkStatus {
    Connected,
    /// Connected, but the broker takes nothing, with its reason.
    Blocked(String),
    /// Not connected, with what was said last.
    Lost(String),
    Closed,
}

impl Link {
    /// Connects from now on, in the tokio runtime of the caller. `purpose` is shown by the broker.
    pub(crate) fn open(options: &AmqpOptions, purpose: &str) -> Self {
        let (state, watched) = watch::channel(State::Beginning);
        let (closing, is_closing) = watch::channel(false);
        let trouble = Arc::new(Mutex::new(Trouble::default()));
        let keeper = Keeper {
            options: options.clone(),
            name: format!("{} {purpose}", options.connection_name),
            state,
            is_closing,
            trouble: trouble.clone(),
        };
        tokio::spawn(keeper.keep());
        Self { shared: Arc::new(Shared { state: watched, closing, trouble }) }
    }

    /// The connection, once there is one; nothing once the link is closed.
    pub(crate) async fn connection(&self) -> Option<Arc<Connection>> {
        let mut state = self.shared.state.clone();
        let known = state.wait_for(|state| matches!(state, State::Open(_) | State::Closed)).await;
        match known.as_deref() {
            Ok(State::Open(connection)) => Some(connection.clone()),
            _ => None,
        }
    }

    /// Returns once the first attempt to connect is over.
    pub(crate) async fn tried(&self) {
        let mut state = self.shared.state.clone();
        // An error means that it is closed, and then it was tried.
        let _ = state.wait_for(|state| !matches!(state, State::Beginning)).await;
    }

    /// How it is.
    pub(crate) fn status(&self) -> LinkStatus {
        let state = self.shared.state.borrow().clone();
        let trouble = lock(&self.shared.trouble);
        match state {
            State::Closed => LinkStatus::Closed,
            State::Open(_) => {
                trouble.blocked.clone().map_or(LinkStatus::Connected, LinkStatus::Blocked)
            }
            State::Beginning => LinkStatus::Lost("connecting for the first time".to_owned()),
            State::Lost => LinkStatus::Lost(trouble.lost.clone().unwrap_or_default()),
        }
    }

    /// Closes the connection, for ever.
    pub(crate) async fn close(&self) {
        self.shared.closing.send_replace(true);
        let mut state = self.shared.state.clone();
        // Until the keeper has ended, which closes the connection last.
        while state.changed().await.is_ok() {}
    }
}

/// The task that keeps the connection.
struct Keeper {
    options: AmqpOptions,
    name: String,
    state: watch::Sender<State>,
    is_closing: watch::Receiver<bool>,
    trouble: Arc<Mutex<Trouble>>,
}

impl Keeper {
    async fn keep(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let since = Instant::now();
            let mut closing = self.is_closing.clone();
            let closed = closing.wait_for(|closing| *closing);
            tokio::select! {
                // Also when the last handle is gone.
                _ = closed => break,
                lost = self.keep_one() => self.lose(&lost),
            }
            if self.was_open() && since.elapsed() > LONG {
                backoff.reset();
            }
            let mut closing = self.is_closing.clone();
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => break,
                () = backoff.wait() => {}
            }
        }
        let last = self.state.send_replace(State::Closed);
        if let State::Open(connection) = last {
            let closing = connection.close(200, "".into());
            let _ = tokio::time::timeout(CLOSE_PATIENCE, closing).await;
        }
    }

    /// Connects, and says why the connection was lost, or was not to be had.
    async fn keep_one(&self) -> String {
        let connecting = tokio::time::timeout(CONNECT_PATIENCE, self.connect()).await;
        let connection = match connecting {
            Ok(Ok(connection)) => Arc::new(connection),
            Ok(Err(error)) => return in_words(&error),
            Err(_) => {
                return format!("no answer within {} seconds", CONNECT_PATIENCE.as_secs());
            }
        };
        let events = connection.events_listener();
        *lock(&self.trouble) = Trouble::default();
        tracing::debug!(url = %self.options.url, name = self.name, "connected to RabbitMQ");
        self.state.send_replace(State::Open(connection.clone()));
        self.watch(&connection, events).await
    }

    async fn connect(&self) -> lapin::Result<Connection> {
        let uri =
            self.options.url.uri().map_err(|error| std::io::Error::other(error.to_string()))?;
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let tls =
            OwnedTLSConfig { identity: None, cert_chain: self.options.ca_certificates.clone() };
        let runtime = lapin::runtime::default_runtime()?;
        Connection::connect_uri_with_config(uri, properties, tls, runtime).await
    }

    /// Returns once the connection is lost, with the reason.
    async fn watch(&self, connection: &Connection, events: impl Stream<Item = Event>) -> String {
        let mut events = pin!(events);
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = tokio::time::sleep(LOOK) => {
                    if connection.status().connected() {
                        continue;
                    }
                    return "the connection was lost".to_owned();
                }
            };
            match event {
                Some(Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "RabbitMQ takes no messages for now");
                    lock(&self.trouble).blocked = Some(reason);
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!("RabbitMQ takes messages again");
                    lock(&self.trouble).blocked = None;
                }
                // One of a channel only, perhaps.
                Some(Event::Error(error)) if !connection.status().connected() => {
                    return in_words(&error);
                }
                Some(_) => {}
                None => return "the connection was lost".to_owned(),
            }
        }
    }

    fn lose(&mut self, reason: &str) {
        let mut trouble = lock(&self.trouble);
        let is_news = trouble.lost.as_deref() != Some(reason);
        trouble.blocked = None;
        trouble.lost = Some(reason.to_owned());
        drop(trouble);
        if is_news {
            let (url, name) = (&self.options.url, &self.name);
            tracing::warn!(%url, name, reason, "no connection to RabbitMQ; it is tried again");
        }
    }

    /// Whether there was a connection; from now on there is none.
    fn was_open(&self) -> bool {
        matches!(self.state.send_replace(State::Lost), State::Open(_))
    }
}

/// Returns a while after a connection was lost. Whoever still waits for an answer over it gets none:
/// the client forgets a channel that is asked for in the moment of its end.
pub(crate) async fn is_long_lost(connection: &Connection) {
    while connection.status().connected() {
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(LONG).await;
}

/// What a client's error means. None of them holds a password.
pub(crate) fn in_words(error: &lapin::Error) -> String {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) if error.get_id() == 403 => {
            format!(
                "it does not let us in: {} (check user, password and virtual host)",
                error.get_message()
            )
        }
        lapin::ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        lapin::ErrorKind::IOError(error) => error.to_string(),
        _ => error.to_string(),
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
