//! The instance of a module that keeps it: one task owns it and answers one call after the other.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::exports::Export;
use super::instance::Instance;
use super::invocation::{Ended, Init, Invocation};
use super::meter::Meter;
use super::{Core, outcome, stop};
use crate::{CallError, CallScope, Cause};

/// A call that waits for its turn.
type Letter = Box<dyn for<'a> FnOnce(&'a mut Keeper) -> Turn<'a> + Send>;
type Turn<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where the calls go. When it is dropped, those that wait are still answered; then the instance goes.
pub(super) struct Mailbox {
    core: Arc<Core>,
    letters: mpsc::Sender<Letter>,
}

/// Who has the instance.
struct Keeper {
    core: Arc<Core>,
    kept: Option<Kept>,
    /// Whether an instance broke, so that the next one is one more.
    is_restart: bool,
}

struct Kept {
    instance: Instance,
    _place: OwnedSemaphorePermit,
}

impl Mailbox {
    /// At most `places` calls wait.
    pub(super) fn open(core: Arc<Core>, places: u32) -> Self {
        let (letters, mut incoming) = mpsc::channel::<Letter>(places as usize);
        let mut keeper = Keeper { core: core.clone(), kept: None, is_restart: false };
        tokio::spawn(async move {
            while let Some(letter) = incoming.recv().await {
                // What an import panics with is the fault of one call, whose instance is gone.
                drop(AssertUnwindSafe(letter(&mut keeper)).catch_unwind().await);
            }
        });
        Self { core, letters }
    }

    /// Waits for the turn and the answer. Once it is its turn, it is answered to its end even when
    /// nobody waits: an instance can't be left in the middle.
    pub(super) async fn call<I: Invocation>(
        &self,
        invocation: I,
        wall: Duration,
    ) -> Result<I::Answer, CallError> {
        let deadline = Instant::now() + wall;
        let _place = self.core.admission.enter_kept(deadline).await?;
        let (reply, answer) = oneshot::channel();
        let letter: Letter = Box::new(move |keeper| {
            Box::pin(async move {
                if !reply.is_closed() {
                    // Whoever asked may have gone meanwhile.
                    drop(reply.send(keeper.answer(invocation, wall, deadline).await));
                }
            })
        });
        self.letters.try_send(letter).map_err(|_| CallError::Busy)?;
        let panicked =
            |_| CallError::Trapped { message: "the server panicked in an import".to_owned() };
        answer.await.map_err(panicked)?
    }
}

impl Keeper {
    async fn answer<I: Invocation>(
        &mut self,
        invocation: I,
        wall: Duration,
        deadline: Instant,
    ) -> Result<I::Answer, CallError> {
        if Instant::now() >= deadline {
            return Err(CallError::Busy);
        }
        let core = self.core.clone();
        let meter = Meter::new();
        let scope = core.confines.scope(invocation.context());
        let (shop, correlation_id) = (scope.context.shop_id, scope.context.correlation_id.clone());
        let place = match self.kept {
            Some(_) => None,
            None => Some(core.admission.occupy(deadline).await?),
        };
        let ended =
            timeout_at(deadline, meter.measure(self.run(invocation, scope, place, &meter))).await;
        if !matches!(ended, Ok(Ok(_))) {
            self.is_restart = true;
        }
        let answer = stop::answer(ended, wall, &meter, &core.confines);
        core.confines.tell_omitted(&meter, correlation_id.as_str());
        core.usage.add(shop, &meter, outcome(&answer));
        answer
    }

    /// An instance that breaks or is given up in the middle is not put back.
    async fn run<I: Invocation>(
        &mut self,
        invocation: I,
        scope: CallScope,
        place: Option<OwnedSemaphorePermit>,
        meter: &Meter,
    ) -> Ended<I::Answer> {
        let core = self.core.clone();
        let mut kept = match (self.kept.take(), place) {
            (Some(mut kept), _) => {
                kept.instance.begin(scope, meter);
                kept
            }
            (None, Some(place)) => {
                let context = scope.context.clone();
                let mut instance = Instance::start(&core, scope, meter).await?;
                if self.is_restart && core.handlers.has(Export::Lifecycle) {
                    let init = Init { cause: Cause::Restarted, context };
                    if let Err(failure) = instance.call(&core.handlers, init).await? {
                        return Ok(Err(failure));
                    }
                }
                Kept { instance, _place: place }
            }
            (None, None) => wasmtime::bail!("no place for an instance"),
        };
        self.is_restart = false;
        let answer = kept.instance.call(&core.handlers, invocation).await?;
        if !I::ENDS_INSTANCE {
            self.kept = Some(kept);
        }
        Ok(answer)
    }
}
