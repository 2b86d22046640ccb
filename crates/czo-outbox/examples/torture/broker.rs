//! The broker: it records what arrives, says so, and hands it to consumers. It never dies, but
//! it misbehaves.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use czo_core::DomainEvent;
use czo_testkit::torture::Dice;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

use super::ledger::Arrival;
use super::wire::{self, Caller, Parcel};

/// How many events a consumer has at once.
const PREFETCH: usize = 16;

/// Records what arrives. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    dice: Mutex<Dice>,
    arrivals: Mutex<Arrivals>,
    /// For the consumers.
    queue: Mutex<VecDeque<DomainEvent>>,
    queued: Notify,
    /// What is in the queue, or a consumer has and has not acknowledged.
    unhandled: AtomicU64,
    misbehaves: AtomicBool,
    is_out: AtomicBool,
    cut: Notify,
    rolled_back: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Arrivals {
    all: Vec<Arrival>,
    last_at: Instant,
    longest_silence: Duration,
}

/// What it does with an event besides recording and acknowledging it.
#[derive(Debug)]
enum Whim {
    None,
    /// Drops the connection, and has nothing recorded.
    Forget,
    /// Records it, and drops the connection.
    KeepSilent,
    /// Takes so long to record it, whatever becomes of the connection meanwhile, ...
    RecordLate(Duration),
    /// ... or to say so.
    AnswerLate(Duration),
}

impl Whim {
    fn of(dice: &mut Dice) -> Self {
        match dice.below(1_000) {
            0..2 => Self::Forget,
            2..4 => Self::KeepSilent,
            4..10 => Self::RecordLate(dice.millis(20, 2_500)),
            10..20 => Self::AnswerLate(dice.millis(20, 2_500)),
            _ => Self::None,
        }
    }
}

impl Broker {
    /// A broker on a free port of this machine.
    pub(crate) async fn start(seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let arrivals =
            Arrivals { all: Vec::new(), last_at: Instant::now(), longest_silence: Duration::ZERO };
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            dice: Mutex::new(Dice::new(seed)),
            arrivals: Mutex::new(arrivals),
            queue: Mutex::default(),
            queued: Notify::new(),
            unhandled: AtomicU64::new(0),
            misbehaves: AtomicBool::new(true),
            is_out: AtomicBool::new(false),
            cut: Notify::new(),
            rolled_back: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let broker = Self { shared };
        let accepting = broker.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if accepting.shared.is_out.load(Ordering::Relaxed) {
                    continue;
                }
                let broker = accepting.clone();
                tokio::spawn(async move {
                    // A caller that was killed, or cut off.
                    let _ = broker.serve(stream).await;
                });
            }
        });
        Ok(broker)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// From now on it does what it should.
    pub(crate) fn behave(&self) {
        self.shared.misbehaves.store(false, Ordering::Relaxed);
        self.set_out(false);
    }

    /// Whether it is out of reach; when it is from now on, every connection is lost.
    pub(crate) fn set_out(&self, out: bool) {
        self.shared.is_out.store(out, Ordering::Relaxed);
        if out {
            self.shared.cut.notify_waiters();
        }
    }

    /// How many arrivals no consumer has handled yet.
    pub(crate) fn unhandled(&self) -> u64 {
        self.shared.unhandled.load(Ordering::SeqCst)
    }

    pub(crate) fn rolled_back(&self) -> u64 {
        self.shared.rolled_back.load(Ordering::Relaxed)
    }

    /// How many connections it has dropped by itself.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.shared.arrivals).all.len()
    }

    /// The longest time in which nothing arrived.
    pub(crate) fn longest_silence(&self) -> Duration {
        lock(&self.shared.arrivals).longest_silence
    }

    /// Everything that arrived, in order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.shared.arrivals).all.clone()
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (from, to) = stream.into_split();
        let mut lines = BufReader::new(from).lines();
        let Some(hello) = lines.next_line().await? else { return Ok(()) };
        let serving = async {
            match wire::read(&hello)? {
                Caller::Relay => self.serve_relay(lines, to).await,
                Caller::Consumer => self.serve_consumer(lines, to).await,
                Caller::Writer => self.serve_writer(lines).await,
            }
        };
        tokio::select! {
            served = serving => served,
            () = self.shared.cut.notified() => Ok(()),
        }
    }

    async fn serve_relay(
        &self,
        mut lines: Lines<BufReader<OwnedReadHalf>>,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        let (tell, mut told) = mpsc::unbounded_channel::<u64>();
        loop {
            let line = tokio::select! {
                Some(number) = told.recv() => {
                    wire::send(&mut to, &number).await?;
                    continue;
                }
                line = lines.next_line() => line?,
            };
            let Some(line) = line else { return Ok(()) };
            let Parcel { number, event } = wire::read(&line)?;
            match self.whim() {
                Whim::None => {
                    self.record(event);
                    let _ = tell.send(number);
                }
                Whim::Forget => return self.drop_connection(),
                Whim::KeepSilent => {
                    self.record(event);
                    return self.drop_connection();
                }
                Whim::RecordLate(after) => {
                    let (broker, tell) = (self.clone(), tell.clone());
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        broker.record(event);
                        let _ = tell.send(number);
                    });
                }
                Whim::AnswerLate(after) => {
                    self.record(event);
                    let tell = tell.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        let _ = tell.send(number);
                    });
                }
            }
        }
    }

    fn whim(&self) -> Whim {
        match self.shared.misbehaves.load(Ordering::Relaxed) {
            true => Whim::of(&mut lock(&self.shared.dice)),
            false => Whim::None,
        }
    }

    fn drop_connection(&self) -> io::Result<()> {
        self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn record(&self, event: DomainEvent) {
        lock(&self.shared.arrivals).note(&event);
        // Brokers deliver at least once too.
        let twice =
            self.shared.misbehaves.load(Ordering::Relaxed) && lock(&self.shared.dice).happens(20);
        if twice {
            self.queue(event.clone());
        }
        self.queue(event);
    }

    fn queue(&self, event: DomainEvent) {
        self.shared.unhandled.fetch_add(1, Ordering::SeqCst);
        lock(&self.shared.queue).push_back(event);
        self.shared.queued.notify_one();
    }

    /// Hands events to a consumer; those that it does not acknowledge go back to the queue.
    async fn serve_consumer(
        &self,
        mut lines: Lines<BufReader<OwnedReadHalf>>,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        let mut out = Outstanding { broker: self, last: 0, events: HashMap::new() };
        loop {
            if let Some(number) = out.take() {
                wire::send(&mut to, &Parcel { number, event: out.events[&number].clone() }).await?;
                continue;
            }
            let line = tokio::select! {
                () = self.shared.queued.notified(), if out.has_room() => continue,
                line = lines.next_line() => line?,
            };
            let Some(line) = line else { return Ok(()) };
            out.handled(wire::read(&line)?);
        }
    }

    async fn serve_writer(&self, mut lines: Lines<BufReader<OwnedReadHalf>>) -> io::Result<()> {
        while let Some(line) = lines.next_line().await? {
            self.shared.rolled_back.fetch_add(wire::read(&line)?, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What a consumer has and has not acknowledged.
struct Outstanding<'b> {
    broker: &'b Broker,
    last: u64,
    events: HashMap<u64, DomainEvent>,
}

impl Outstanding<'_> {
    fn has_room(&self) -> bool {
        self.events.len() < PREFETCH
    }

    /// The next of the queue, by the number it has now.
    fn take(&mut self) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        let event = lock(&self.broker.shared.queue).pop_front()?;
        self.last += 1;
        self.events.insert(self.last, event);
        Some(self.last)
    }

    fn handled(&mut self, number: u64) {
        if self.events.remove(&number).is_some() {
            self.broker.shared.unhandled.fetch_sub(1, Ordering::SeqCst);
        }
        // What was queued while there was no room woke nobody here.
        self.broker.shared.queued.notify_one();
    }
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.broker.shared.queue);
        for event in std::mem::take(&mut self.events).into_values() {
            queue.push_back(event);
        }
        self.broker.shared.queued.notify_one();
    }
}

impl Arrivals {
    fn note(&mut self, event: &DomainEvent) {
        let now = Instant::now();
        self.longest_silence = self.longest_silence.max(now - self.last_at);
        self.last_at = now;
        self.all.push(Arrival::of(event));
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
