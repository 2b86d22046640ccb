//! What the calls of a module used.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use czo_core::ShopId;
use czo_module_package::ModuleName;
use metrics::{Counter, Gauge};

use super::meter::Meter;
use crate::call_error::Outcome;

/// What the calls of a module used since it was linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All together.
    pub total: UsageCounts,
    /// By shop, in no order.
    pub shops: Vec<ShopUsage>,
    /// Of shops beyond [`SandboxLimits::shops`](crate::SandboxLimits::shops).
    pub other_shops: UsageCounts,
}

/// What one shop used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopUsage {
    /// Which; none for what belongs to no shop.
    pub shop: Option<ShopId>,
    /// What it used.
    pub counts: UsageCounts,
}

/// What some calls used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageCounts {
    /// Calls that ended, well or not. What had no room does not count.
    pub calls: u64,
    /// Those that did not end well.
    pub failures: u64,
    /// Computing time.
    pub cpu: Duration,
    /// The most memory that one instance had, in bytes.
    pub peak_memory: u64,
}

impl UsageCounts {
    fn add(&mut self, meter: &Meter, has_failed: bool) {
        self.calls += 1;
        self.failures += u64::from(has_failed);
        self.cpu += meter.cpu();
        self.peak_memory = self.peak_memory.max(meter.peak_memory());
    }
}

/// Keeps the books, and tells the metrics `czo_modules_calls_total`,
/// `czo_modules_cpu_microseconds_total` and `czo_modules_peak_memory_bytes`.
pub(super) struct UsageBook {
    pages: Mutex<Pages>,
    most_shops: usize,
    calls: [Counter; Outcome::ALL.len()],
    cpu: Counter,
    peak_memory: Gauge,
}

#[derive(Default)]
struct Pages {
    total: UsageCounts,
    shops: HashMap<Option<ShopId>, UsageCounts>,
    other_shops: UsageCounts,
}

impl UsageBook {
    pub(super) fn new(module: &ModuleName, most_shops: usize) -> Self {
        let name = module.to_string();
        let calls = Outcome::ALL.map(|outcome| {
            let outcome = outcome.to_string();
            metrics::counter!("czo_modules_calls_total", "module" => name.clone(), "outcome" => outcome)
        });
        Self {
            pages: Mutex::default(),
            most_shops,
            calls,
            cpu: metrics::counter!("czo_modules_cpu_microseconds_total", "module" => name.clone()),
            peak_memory: metrics::gauge!("czo_modules_peak_memory_bytes", "module" => name),
        }
    }

    pub(super) fn add(&self, shop: Option<ShopId>, meter: &Meter, outcome: Outcome) {
        self.calls[outcome as usize].increment(1);
        let micros = u64::try_from(meter.cpu().as_micros()).unwrap_or(u64::MAX);
        self.cpu.increment(micros);
        if outcome == Outcome::Busy {
            return;
        }
        let has_failed = outcome != Outcome::Ok;
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.total.add(meter, has_failed);
        let has_room = pages.shops.len() < self.most_shops;
        match pages.shops.get_mut(&shop) {
            Some(counts) => counts.add(meter, has_failed),
            None if has_room => pages.shops.entry(shop).or_default().add(meter, has_failed),
            None => pages.other_shops.add(meter, has_failed),
        }
        #[expect(clippy::cast_precision_loss, reason = "memory below 2^53 bytes")]
        self.peak_memory.set(pages.total.peak_memory as f64);
    }

    pub(super) fn read(&self) -> Usage {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let shops = pages.shops.iter().map(|(&shop, &counts)| ShopUsage { shop, counts });
        Usage { total: pages.total, shops: shops.collect(), other_shops: pages.other_shops }
    }
}
