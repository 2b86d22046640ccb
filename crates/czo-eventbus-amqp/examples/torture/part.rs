//! A consumer: a process with a bus of its own, of both groups.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use czo_core::{
    DomainEvent, Event, EventBus, EventHandler, HandlerError, RetryPolicy, SubscribeOptions,
};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions};
use czo_testkit::torture::{Dice, perform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::book::{GROUPS, Group};
use super::records::Recorder;

/// How many of a thousand times a handler fails.
const FAILURES: u32 = 20;

/// How long a consumer may take to finish what it has begun.
const FAREWELL: Duration = Duration::from_secs(20);

/// Something was counted.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("torture.item.counted", version = 1)]
pub(crate) struct Counted {
    /// What keeps its order.
    pub(crate) key: u32,
    /// The how manieth of its key.
    pub(crate) number: u32,
}

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) seed: u64,
    /// The broker, behind a network of its own.
    pub(crate) url: String,
    /// Where it says what it has handled.
    pub(crate) records: SocketAddr,
}

/// Plays the part that this process was started for; nothing when it was started for none.
pub(crate) fn play_if_asked() -> Option<ExitCode> {
    perform(async |part: Part, dismissed| {
        let recorder = Recorder::connect(part.records, part.number).await?;
        let bus = AmqpBus::new(options(&part.url)?);
        for group in GROUPS {
            let dice = Mutex::new(Dice::of(part.seed, u64::try_from(group.place())?));
            let handler = Handler { group, recorder: recorder.clone(), dice };
            let (pattern, of) = ("torture.#".parse()?, group.name().parse()?);
            bus.subscribe(pattern, of, Arc::new(handler), group.served()).await?.detach();
        }
        tokio::select! {
            () = recorder.closed() => anyhow::bail!("nobody listens to what was handled"),
            _ = dismissed => {}
        }
        let ended = bus.shutdown(FAREWELL).await;
        ensure!(ended.is_ok(), "not all handlers came to an end: {ended:?}");
        Ok(())
    })
}

/// A bus of the torture over this broker.
pub(crate) fn options(url: &str) -> Result<AmqpOptions> {
    Ok(AmqpOptions::new(url.parse()?).prefetch(100).confirm_timeout(Duration::from_secs(3)))
}

impl Group {
    fn served(self) -> SubscribeOptions {
        // So many that none is given up by chance.
        let delays = [300, 500, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000];
        let retry = RetryPolicy::after(delays.map(Duration::from_millis));
        let options = SubscribeOptions::default().concurrency(16).retry(retry);
        match self {
            Self::Plain => options,
            Self::Ordered => options.ordered_by("key"),
        }
    }
}

/// Takes its time, fails now and then, and says what it had.
struct Handler {
    group: Group,
    recorder: Recorder,
    dice: Mutex<Dice>,
}

#[async_trait]
impl EventHandler for Handler {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        let (pause, fails) = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            (dice.happens(100).then(|| dice.millis(1, 10)), dice.happens(FAILURES))
        };
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        if fails {
            return Err(HandlerError::retryable("not this time"));
        }
        let Counted { key, number } =
            event.decode().map_err(|error| HandlerError::permanent(error.to_string()))?;
        let written = self.recorder.handled(self.group, (key, number)).await;
        written.ok_or_else(|| HandlerError::retryable("nobody listens"))
    }
}
