//! A connection that remembers when it was made and when it was last written to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What a connection remembers. It is an extension of each response that came over it.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// When there was a connection.
    pub(crate) connected: Instant,
    /// How many nanoseconds later something was last written.
    written: Arc<AtomicU64>,
}

impl Moments {
    fn now() -> Self {
        Self { connected: Instant::now(), written: Arc::default() }
    }

    /// When something was last written.
    pub(crate) fn written(&self) -> Instant {
        self.connected + Duration::from_nanos(self.written.load(Ordering::Relaxed))
    }

    fn write(&self) {
        let since = self.connected.elapsed().as_nanos();
        self.written.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A connection that remembers its moments.
#[derive(Debug)]
pub(crate) struct Stream {
    io: TokioIo<TcpStream>,
    moments: Moments,
}

impl Stream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // A request is written at once. Where that can't be set, it is a little later.
        let _ = stream.set_nodelay(true);
        Self { io: TokioIo::new(stream), moments: Moments::now() }
    }

    fn noted(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(outcome, Poll::Ready(Ok(1..))) {
            self.moments.write();
        }
        outcome
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.moments.clone())
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, buffer);
        self.noted(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(cx, buffers);
        self.noted(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
