//! An operation, and ways to run it.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use czo_core::{RequestContext, SystemIds};
use czo_hooks::{HookError, HookPoint, HookRegistry, Hooks, RegisterError};

/// An order is placed.
struct OrderPlace;

impl HookPoint for OrderPlace {
    const NAME: &'static str = "order.place";
    type Input = Order;
    type Output = Receipt;
    type Error = HookError;
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    quantity: u32,
    cents: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) cents: u64,
    points: u64,
}

pub(crate) type Outcome = Result<Receipt, HookError>;

impl Order {
    pub(crate) fn of(quantity: u32) -> Self {
        Self { quantity, cents: 2 * u64::from(quantity) }
    }
}

/// The operation itself.
#[inline(never)]
async fn bare(order: Order) -> Outcome {
    let Order { quantity, cents } = black_box(order);
    Ok(Receipt { cents, points: u64::from(quantity) })
}

/// The operation with hooks.
pub(crate) struct Subject {
    hooks: Hooks<OrderPlace>,
    ctx: RequestContext,
    _registry: HookRegistry,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Subject {
    fn new(registry: HookRegistry) -> Self {
        let ctx = RequestContext::system(&SystemIds);
        Self { hooks: registry.point(), ctx, _registry: registry }
    }

    pub(crate) fn without_hooks() -> Self {
        Self::new(HookRegistry::new())
    }

    pub(crate) fn with_closures() -> Result<Self, RegisterError> {
        let registry = HookRegistry::new();
        for name in NAMES {
            let before = registry.before::<OrderPlace>(name).register(|_, order| {
                order.cents += 1;
                Ok(())
            });
            before?.detach();
            let after = registry.after::<OrderPlace>(name).register(|_, receipt| {
                receipt.points += 1;
                Ok(())
            });
            after?.detach();
        }
        Ok(Self::new(registry))
    }

    pub(crate) fn with_async_functions() -> Result<Self, RegisterError> {
        let registry = HookRegistry::new();
        for name in NAMES {
            let before = registry.before::<OrderPlace>(name).register_async(async |_, order| {
                order.cents += 1;
                Ok(())
            });
            before?.detach();
            let after = registry.after::<OrderPlace>(name).register_async(async |_, receipt| {
                receipt.points += 1;
                Ok(())
            });
            after?.detach();
        }
        Ok(Self::new(registry))
    }

    pub(crate) fn with_fail_open_closures() -> Result<Self, RegisterError> {
        let registry = HookRegistry::new();
        for name in NAMES {
            let before = registry.before::<OrderPlace>(name).fail_open().register(|_, order| {
                order.cents += 1;
                Ok(())
            });
            before?.detach();
            let after = registry.after::<OrderPlace>(name).fail_open().register(|_, receipt| {
                receipt.points += 1;
                Ok(())
            });
            after?.detach();
        }
        Ok(Self::new(registry))
    }

    pub(crate) async fn run(&self, order: Order) -> Outcome {
        self.hooks.run(&self.ctx, order, bare).await
    }
}

/// The operation as its owner would call it without hooks.
pub(crate) struct Bare {
    ctx: RequestContext,
}

impl Bare {
    pub(crate) fn new() -> Self {
        Self { ctx: RequestContext::system(&SystemIds) }
    }

    pub(crate) async fn run(&self, order: Order) -> Outcome {
        black_box(&self.ctx);
        bare(order).await
    }
}

type Change<T> = Box<dyn Fn(&RequestContext, &mut T) -> Result<(), HookError> + Send + Sync>;

/// The same as three and three closures, called one by one.
pub(crate) struct Dyn {
    before: Vec<Change<Order>>,
    after: Vec<Change<Receipt>>,
    ctx: RequestContext,
}

impl Dyn {
    pub(crate) fn six() -> Self {
        let mut six =
            Self { before: Vec::new(), after: Vec::new(), ctx: RequestContext::system(&SystemIds) };
        for _ in NAMES {
            six.before.push(Box::new(|_, order| {
                order.cents += 1;
                Ok(())
            }));
            six.after.push(Box::new(|_, receipt| {
                receipt.points += 1;
                Ok(())
            }));
        }
        six
    }

    pub(crate) async fn run(&self, mut order: Order) -> Outcome {
        for hook in &self.before {
            hook(&self.ctx, &mut order)?;
        }
        let mut receipt = bare(order).await?;
        for hook in &self.after {
            hook(&self.ctx, &mut receipt)?;
        }
        Ok(receipt)
    }
}

/// How many allocations one run makes.
pub(crate) fn allocations(subject: &Subject) -> Result<f64, &'static str> {
    let run = || {
        let run = pin!(subject.run(Order::of(3)));
        run.poll(&mut Context::from_waker(Waker::noop()))
    };
    let mut outcome = Poll::Pending;
    let counted = allocation_counter::measure(|| outcome = run());
    match outcome {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        Poll::Ready(Ok(_)) => Ok(counted.count_total as f64),
        _ => Err("a run that waits for nothing was not ready"),
    }
}
