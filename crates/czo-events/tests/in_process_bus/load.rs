//! Many events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{DomainEvent, EventBus, SubscribeOptions, handler_fn};
use czo_events::InProcessBus;

use crate::support::counted;

/// How many subscribers there are, each of another type of events.
const SUBSCRIBERS: usize = 100;

/// How many of a type are published.
const EACH: usize = 10_000;

/// The most memory this process has used, where the system tells.
fn peak_mib() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<usize>().ok().map(|kib| kib / 1_024)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_events_reach_a_hundred_subscribers_in_bounded_memory() {
    let bus = InProcessBus::new();
    let handled: Arc<Vec<_>> = Arc::new((0..SUBSCRIBERS).map(|_| AtomicUsize::new(0)).collect());
    let mut types = Vec::new();
    for number in 0..SUBSCRIBERS {
        let handled = handled.clone();
        let handler = handler_fn(move |_| {
            handled[number].fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        let pattern = format!("load.n{number}.*").parse().unwrap();
        let group = format!("load.n{number}").parse().unwrap();
        let options = SubscribeOptions::default().concurrency(1 + number % 4);
        bus.subscribe(pattern, group, Arc::new(handler), options).await.unwrap().detach();
        types.push(format!("load.n{number}.happened").parse().unwrap());
    }
    let (event, before) = (counted(0), peak_mib());
    let of_each = || {
        let of = |event_type: &czo_core::EventType| DomainEvent {
            event_type: event_type.clone(),
            ..event.clone()
        };
        types.iter().map(of).collect()
    };
    for _ in 0..EACH {
        bus.publish_batch(of_each()).await.unwrap();
    }
    bus.shutdown(Duration::from_secs(60)).await.unwrap();
    for count in handled.iter() {
        assert_eq!(count.load(Ordering::Relaxed), EACH);
    }
    // A million events in memory would be a gigabyte.
    if let (Some(before), Some(after)) = (before, peak_mib()) {
        assert!(after - before < 300, "{} MiB more", after - before);
    }
}
