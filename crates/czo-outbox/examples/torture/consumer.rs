//! A consumer: handles what the broker has, once, by the inbox.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use czo_core::{EventHandler, Group};
use czo_outbox::{Inbox, once_fn};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::part::Part;
use super::tables;
use super::wire::{self, Caller, Parcel};

/// How long it waits before it tries again what failed.
const PAUSE: Duration = Duration::from_millis(50);

/// Consumes until the process ends.
pub(crate) async fn consume(part: &Part) -> Result<()> {
    let database = part.database().await?;
    let group: Group = "torture.consumer".parse()?;
    let handler = Inbox::new(&database).handler(
        group,
        once_fn(|event, tx| {
            Box::pin(async move { Ok(tables::note_handled(tx, event.id.uuid()).await?) })
        }),
    );
    let handler = Arc::new(handler);
    loop {
        // The broker cuts connections; what was not acknowledged it hands over again.
        let _ = serve(part, &handler).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn serve<H: EventHandler + 'static>(part: &Part, handler: &Arc<H>) -> Result<()> {
    let (from, mut to) = TcpStream::connect(part.broker).await?.into_split();
    wire::send(&mut to, &Caller::Consumer).await?;
    let mut lines = BufReader::new(from).lines();
    let (tell, mut told) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            Some(number) = told.recv() => wire::send(&mut to, &number).await?,
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let Parcel { number, event } = wire::read(&line)?;
                let (handler, tell, event) = (handler.clone(), tell.clone(), Arc::new(event));
                tokio::spawn(async move {
                    while handler.handle(event.clone()).await.is_err() {
                        tokio::time::sleep(PAUSE).await;
                    }
                    let _ = tell.send(number);
                });
            }
        }
    }
}
