//! The receivers: one port with a path for each. They note what comes, and answer as they are.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use czo_apps::{ReceivedHeaders, SigningSecret, Verifier};
use czo_testkit::torture::Dice;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::ledger::Arrival;
use super::manner::{Answer, Manner};

/// Longer than dispatchers wait.
const TOO_LONG: Duration = Duration::from_secs(5);

const MEGABYTE: usize = 1 << 20;

/// Where nobody should be sent.
const INSIDE: &str = "http://169.254.169.254/latest/meta-data/";

/// All receivers.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    verifier: Verifier,
    noted: Mutex<Noted>,
}

#[derive(Debug)]
struct Noted {
    dice: Dice,
    arrivals: Vec<Arrival>,
    messages: HashMap<Manner, usize>,
    bad_answers: HashMap<Manner, u64>,
    /// Messages whose signature is not good.
    unsigned: u64,
    /// Requests to paths that no webhook has.
    strays: u64,
    /// Whether all are good from now on.
    behaves: bool,
}

/// A request in whole.
#[derive(Debug)]
struct Message {
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Receiver {
    pub(crate) async fn start(seed: u64, secret: SigningSecret) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let noted = Noted {
            dice: Dice::of(seed, 2),
            arrivals: Vec::new(),
            messages: HashMap::new(),
            bad_answers: HashMap::new(),
            unsigned: 0,
            strays: 0,
            behaves: false,
        };
        let shared = Arc::new(Shared {
            started: Instant::now(),
            verifier: Verifier::new(secret),
            noted: Mutex::new(noted),
        });
        let receiver = Self { port, shared };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let receiver = serving.clone();
                // Who is killed hangs up.
                tokio::spawn(async move { receiver.serve(connection).await });
            }
        });
        Ok(receiver)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, manner: Manner) -> String {
        format!("http://127.0.0.1:{}{}", self.port, manner.path())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.shared.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on all accept everything, but for the one that is gone.
    pub(crate) fn behave(&self) {
        self.noted().behaves = true;
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.noted().arrivals.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.noted().arrivals.len()
    }

    pub(crate) fn unsigned(&self) -> u64 {
        self.noted().unsigned
    }

    pub(crate) fn strays(&self) -> u64 {
        self.noted().strays
    }

    pub(crate) fn bad_answers(&self, manner: Manner) -> u64 {
        self.noted().bad_answers.get(&manner).copied().unwrap_or_default()
    }

    async fn serve(&self, mut connection: TcpStream) -> io::Result<()> {
        let mut read = Vec::new();
        while let Some(message) = receive(&mut connection, &mut read).await? {
            let answer = self.note(&message);
            if !self.answer(&mut connection, answer).await? {
                break;
            }
        }
        Ok(())
    }

    /// Notes a message, and decides what is done with it.
    fn note(&self, message: &Message) -> Answer {
        let header = |name| message.headers.get(name).map(String::as_str).unwrap_or_default();
        let headers = ReceivedHeaders {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let verified = self.shared.verifier.verify(&headers, &message.body, Utc::now());
        let mut noted = self.noted();
        let noted = &mut *noted;
        let Some(manner) = Manner::at(&message.path) else {
            noted.strays += 1;
            return Answer::Status(404);
        };
        noted.unsigned += u64::from(verified.is_err());
        let messages = noted.messages.entry(manner).or_default();
        *messages += 1;
        let mut answer = manner.answer(&mut noted.dice, *messages, self.shared.started.elapsed());
        if noted.behaves && manner != Manner::Gone {
            answer = Answer::Accept;
        }
        if answer != Answer::Accept {
            *noted.bad_answers.entry(manner).or_default() += 1;
        }
        noted.arrivals.push(Arrival::of(manner, headers.id, &message.body, answer.accepts()));
        answer
    }

    /// Answers, and says whether the connection is kept.
    async fn answer(&self, connection: &mut TcpStream, answer: Answer) -> io::Result<bool> {
        match answer {
            Answer::Accept => {
                connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
                return Ok(true);
            }
            Answer::AcceptAtLength => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 20 * MEGABYTE);
                connection.write_all(head.as_bytes()).await?;
                let some = vec![b'a'; MEGABYTE];
                for _ in 0..20 {
                    connection.write_all(&some).await?;
                }
            }
            Answer::Status(status) => {
                let head = format!("HTTP/1.1 {status} No\r\ncontent-length: 2\r\n\r\nno");
                connection.write_all(head.as_bytes()).await?;
                return Ok(true);
            }
            Answer::Less => {
                let head = "HTTP/1.1 429 Less\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
                connection.write_all(head.as_bytes()).await?;
                return Ok(true);
            }
            Answer::Redirect { inside } => {
                let elsewhere = format!("http://127.0.0.1:{}/elsewhere", self.port);
                let place = if inside { INSIDE } else { &elsewhere };
                let head =
                    format!("HTTP/1.1 307 There\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
                connection.write_all(head.as_bytes()).await?;
                return Ok(true);
            }
            Answer::Hang => tokio::time::sleep(TOO_LONG).await,
            Answer::Trickle => {
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await?;
                let began = Instant::now();
                while began.elapsed() < TOO_LONG {
                    connection.write_all(b".").await?;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Answer::HangUp => {
                connection
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nI have")
                    .await?;
            }
        }
        Ok(false)
    }
}

/// Reads one request; nothing at the end of the connection.
async fn receive(connection: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<Option<Message>> {
    let head = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if connection.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let said = String::from_utf8_lossy(&read[..head]).into_owned();
    let path = said.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers: HashMap<_, _> = said
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or_default();
    while read.len() < head + length {
        if connection.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    let body = read[head..head + length].to_vec();
    read.drain(..head + length);
    Ok(Some(Message { path, headers, body }))
}
