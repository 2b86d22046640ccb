//! A receiver of webhooks, a process of its own: what it costs is not the dispatcher's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use czo_testkit::torture::Actor;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How long a slow receiver takes.
const SLOW: Duration = Duration::from_secs(10);

/// What is asked for over the connection to whoever has started it.
const TAKE: &str = "take";

/// What the process is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Where it says that it is there.
    starter: u16,
}

/// A message that has arrived in whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) path: String,
    /// Which event it tells of.
    pub(crate) number: u64,
    /// In microseconds, by the clock of the machine.
    pub(crate) at: u64,
}

/// The process, as who has started it sees it.
#[derive(Debug)]
pub(crate) struct Receiver {
    _process: Actor,
    connection: BufReader<TcpStream>,
    port: u16,
}

/// Now, by the clock that all processes of a machine share.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

impl Receiver {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let part = Part { starter: listener.local_addr()?.port() };
        let process = Actor::start(&part, &[])?;
        let (connection, _) = listener.accept().await?;
        let mut connection = BufReader::new(connection);
        let port = line(&mut connection).await?.parse().context("its port")?;
        Ok(Self { _process: process, connection, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What has arrived since the last call.
    pub(crate) async fn take(&mut self) -> Result<Vec<Arrival>> {
        self.connection.write_all(format!("{TAKE}\n").as_bytes()).await?;
        Ok(serde_json::from_str(&line(&mut self.connection).await?)?)
    }
}

async fn line(connection: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

type Arrivals = Arc<Mutex<Vec<Arrival>>>;

/// Receives until it is dismissed.
pub(crate) async fn receive(part: Part) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let starter = TcpStream::connect(("127.0.0.1", part.starter)).await?;
    let mut starter = BufReader::new(starter);
    let port = listener.local_addr()?.port();
    starter.write_all(format!("{port}\n").as_bytes()).await?;
    let arrivals = Arrivals::default();
    tokio::spawn(accept(listener, arrivals.clone()));
    while line(&mut starter).await? == TAKE {
        let taken = std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));
        let taken = serde_json::to_string(&taken)?;
        starter.write_all(format!("{taken}\n").as_bytes()).await?;
    }
    Ok(())
}

async fn accept(listener: TcpListener, arrivals: Arrivals) -> Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let arrivals = arrivals.clone();
        // Who hangs up has no more to say.
        tokio::spawn(async move { serve(connection, &arrivals).await });
    }
}

/// HTTP/1.1 with connections that are kept, and nothing more.
async fn serve(mut connection: TcpStream, arrivals: &Arrivals) -> Result<()> {
    let mut read = Vec::with_capacity(8 * 1024);
    loop {
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if connection.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let said = std::str::from_utf8(&read[..head])?;
        let path = said.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = said.lines().filter_map(|line| line.split_once(':'));
        let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.map_or(Ok(0), |(_, value)| value.trim().parse())?;
        while read.len() < head + length {
            if connection.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let at = now();
        let number = number(&read[head..head + length]);
        let is_slow = path.starts_with("/slow");
        let arrival = Arrival { path, number, at };
        arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
        read.drain(..head + length);
        if is_slow {
            tokio::time::sleep(SLOW).await;
        }
        connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}

/// The number in an event. It is looked for, not parsed, which would cost more than the rest.
fn number(body: &[u8]) -> u64 {
    const NAME: &[u8] = b"\"number\":";
    let Some(at) = body.windows(NAME.len()).rposition(|some| some == NAME) else { return 0 };
    let digits = body[at + NAME.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}
