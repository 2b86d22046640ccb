//! How many deliveries a second, from the first request until the log has the last.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_core::ShopId;
use czo_repo::DatabaseError;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::bare;
use crate::options::Options;
use crate::place::{Place, WRITERS};
use crate::receiver::Receiver;
use crate::steady::median;

/// To how many webhooks. Each has eight under way at most.
const WEBHOOKS: usize = 8;

/// How many are under way at once: those of all webhooks.
pub(crate) const AT_ONCE: usize = WEBHOOKS * 8;

/// How many events one transaction publishes.
const EVENTS: u64 = 50;

pub(crate) struct Sustained {
    /// What has waited.
    pub(crate) per_second: f64,
    /// What is committed meanwhile, each event by a transaction of its own.
    pub(crate) fresh_per_second: f64,
    /// The same requests without a database.
    pub(crate) bare_per_second: f64,
}

/// The medians of several, in turns.
pub(crate) async fn measure(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
) -> Result<Sustained> {
    let (mut ours, mut fresh, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds() {
        ours.push(deliver(place, receiver, options, false).await?);
        fresh.push(deliver(place, receiver, options, true).await?);
        // More of them, for they are over sooner.
        bares.push(bare::measure(place, receiver, options.deliveries() * 5).await?);
        let [waited, fresh, bare] =
            [&ours, &fresh, &bares].map(|all| all.last().copied().unwrap_or_default());
        crate::progress(&format!("{waited:.0} a second, fresh {fresh:.0}, bare {bare:.0}"));
    }
    Ok(Sustained {
        per_second: median(&ours),
        fresh_per_second: median(&fresh),
        bare_per_second: median(&bares),
    })
}

async fn deliver(
    place: &Place,
    receiver: &mut Receiver,
    options: &Options,
    is_fresh: bool,
) -> Result<f64> {
    let deliveries = options.deliveries();
    place.settle().await?;
    let urls: Vec<_> = (0..WEBHOOKS).map(|webhook| receiver.url(&format!("/{webhook}"))).collect();
    let shop = place.shop(&urls).await?;
    let events = u64::try_from(deliveries / WEBHOOKS)?;
    if !is_fresh {
        publish(place, shop, events, EVENTS).await?;
    }
    let began = Instant::now();
    let dispatcher = place.dispatch(receiver)?;
    if is_fresh {
        publish(place, shop, events, 1).await?;
    }
    while place.has_waiting().await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    dispatcher.drain(Duration::from_secs(10)).await;
    let (delivered, arrived) = (place.delivered().await?, receiver.take().await?.len());
    ensure!(usize::try_from(delivered)? == deliveries, "{delivered} of {deliveries} are delivered");
    ensure!(arrived == deliveries, "{arrived} of {deliveries} have arrived");
    Ok(f64::from(u32::try_from(deliveries)?) / took.as_secs_f64())
}

/// Sixteen writers commit transactions with so many events each.
async fn publish(place: &Place, shop: ShopId, events: u64, each: u64) -> Result<(), DatabaseError> {
    let firsts = (0..events).step_by(usize::try_from(each).unwrap_or(usize::MAX));
    let units = stream::iter(firsts).map(|first| place.publish(shop, first, each));
    units.buffer_unordered(WRITERS).try_collect().await
}
