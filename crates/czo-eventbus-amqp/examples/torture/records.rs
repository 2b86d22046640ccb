//! What the consumers say to the conductor: a line for each event that a handler had.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::book::{Book, Event, GROUPS, Group};

/// Writes into `book` what the consumers say, from now on; says where it listens.
pub(crate) async fn listen(book: Arc<Book>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let book = book.clone();
            // It ends with the process that speaks, which may be killed in the middle of a line.
            tokio::spawn(async move { take_down(stream, &book).await });
        }
    });
    Ok(address)
}

async fn take_down(stream: TcpStream, book: &Book) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    let Some(first) = lines.next_line().await? else { return Ok(()) };
    let process = first.parse().map_err(io::Error::other)?;
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split(' ').filter_map(|word| word.parse::<u32>().ok());
        let (Some(group), Some(key), Some(number)) = (words.next(), words.next(), words.next())
        else {
            return Err(io::Error::other("not a line of a consumer"));
        };
        let group = GROUPS.into_iter().nth(usize::try_from(group).unwrap_or(usize::MAX));
        book.handled(process, group.ok_or(io::ErrorKind::InvalidData)?, (key, number));
        to.write_all(b".").await?;
    }
    Ok(())
}

/// Says what was handled. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    sender: mpsc::Sender<(String, oneshot::Sender<()>)>,
}

impl Recorder {
    /// Speaks as this process.
    pub(crate) async fn connect(to: SocketAddr, process: u32) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (sender, receiver) = mpsc::channel(1_024);
        tokio::spawn(speak(stream, process, receiver));
        Ok(Self { sender })
    }

    /// Returns once it is written down.
    pub(crate) async fn handled(&self, group: Group, (key, number): Event) -> Option<()> {
        let (tell, told) = oneshot::channel();
        let line = format!("{} {key} {number}\n", group.place());
        self.sender.send((line, tell)).await.ok()?;
        told.await.ok()
    }

    /// Returns once nobody listens any more.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

async fn speak(
    stream: TcpStream,
    process: u32,
    mut receiver: mpsc::Receiver<(String, oneshot::Sender<()>)>,
) -> io::Result<()> {
    let (mut from, mut to) = stream.into_split();
    to.write_all(format!("{process}\n").as_bytes()).await?;
    let mut waiting = VecDeque::new();
    let mut answers = [0; 1_024];
    loop {
        tokio::select! {
            said = receiver.recv() => {
                let Some((line, tell)) = said else { return Ok(()) };
                to.write_all(line.as_bytes()).await?;
                waiting.push_back(tell);
            }
            count = from.read(&mut answers) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                for tell in waiting.drain(..count.min(waiting.len())) {
                    let _: Result<(), ()> = tell.send(());
                }
            }
        }
    }
}
