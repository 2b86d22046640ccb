//! Many calls at the same time.

use std::sync::Arc;

use anyhow::Result;
use czo_core::{IdGenerator, ShopId, SystemIds};
use czo_modules::{CallError, EngineOptions, ModuleEngine, StopReason, UsageCounts};
use tokio::task::JoinSet;

use crate::guest::{does, does_to, options, request, sandbox, sandbox_in};
use crate::host::TestHost;

#[tokio::test]
async fn no_call_sees_what_another_left_in_memory() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    for _ in 0..3 {
        assert_eq!(does(&sandbox, "remember").await?, 1_u32.to_le_bytes());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_the_same_time_are_all_answered() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |manifest, _| manifest.limits.wall_ms = 60_000).await?;
    let sandbox = Arc::new(sandbox);
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let sandbox = sandbox.clone();
        calls.spawn(async move { does(&sandbox, "remember").await });
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer??, 1_u32.to_le_bytes());
    }
    let total = sandbox.usage().total;
    assert_eq!((total.calls, total.failures), (1_000, 0));
    Ok(())
}

#[tokio::test]
async fn a_call_without_room_is_told_to_come_later() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |manifest, limits| {
        limits.concurrency = 2;
        manifest.limits.wall_ms = 1_000;
    })
    .await?;
    let never = || sandbox.handle(request("ask", "http://127.0.0.1/never", 0));
    let third = async {
        // Both places are taken when both wait.
        drop(host.waiting.acquire_many(2).await);
        let place = tokio::time::Duration::from_millis(100);
        tokio::time::timeout(place, does(&sandbox, "none")).await
    };
    let (one, two, third) = tokio::join!(never(), never(), third);
    assert!(third.is_err(), "it waits for a place: {third:?}");
    for stopped in [one, two] {
        let limit = StopReason::Wall { limit_ms: 1_000 };
        assert_eq!(stopped, Err(CallError::Stopped(limit)));
    }
    assert!(does(&sandbox, "none").await.is_ok(), "places are free again");
    Ok(())
}

#[tokio::test]
async fn all_instances_together_stay_below_the_memory_of_the_server() -> Result<()> {
    let engine = ModuleEngine::new(EngineOptions { total_memory_mib: 8, ..options() })?;
    let sandbox = sandbox_in(&engine, &TestHost::new(), |_, _| {}).await?;
    for _ in 0..3 {
        assert_eq!(does_to(&sandbox, "allocate-once", "", 8).await, Err(CallError::Busy));
        assert!(does_to(&sandbox, "allocate-once", "", 4).await.is_ok(), "it was given back");
    }
    Ok(())
}

#[tokio::test]
async fn usage_is_accounted_by_shop_up_to_a_bound() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, limits| limits.shops = 2).await?;
    for calls in [1, 2, 3] {
        let shop = ShopId::from(SystemIds.uuid_v7());
        for _ in 0..calls {
            let mut request = request(if calls == 2 { "fail" } else { "none" }, "", 0);
            request.context = request.context.for_shop(shop);
            drop(sandbox.handle(request).await);
        }
    }
    let usage = sandbox.usage();
    let counts = |of: &UsageCounts| (of.calls, of.failures);
    let mut shops: Vec<_> = usage.shops.iter().map(|shop| counts(&shop.counts)).collect();
    shops.sort_unstable();
    assert_eq!(shops, [(1, 0), (2, 2)]);
    assert_eq!(counts(&usage.other_shops), (3, 0));
    assert_eq!(counts(&usage.total), (6, 2));
    assert!(!usage.total.cpu.is_zero() && usage.total.peak_memory > 0);
    Ok(())
}

#[tokio::test]
async fn draining_waits_for_the_calls_that_run() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |manifest, _| manifest.limits.wall_ms = 300).await?;
    let never = sandbox.handle(request("ask", "http://127.0.0.1/never", 0));
    let drained = async {
        drop(host.waiting.acquire().await);
        sandbox.drain().await;
        sandbox.usage().total.calls
    };
    let (stopped, calls_at_end) = tokio::join!(never, drained);
    assert!(stopped.is_err());
    assert_eq!(calls_at_end, 1);
    Ok(())
}
