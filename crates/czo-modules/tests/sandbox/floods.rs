//! Modules that do what they may far too often.

use std::collections::BTreeSet;

use anyhow::Result;
use czo_modules::{CallError, LogLevel};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::guest::{does, does_to, sandbox};
use crate::host::TestHost;

#[tokio::test]
async fn lines_beyond_the_quota_of_a_call_are_counted_in_one() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |_, _| {}).await?;
    does_to(&sandbox, "log-flood", "", 1_000).await?;
    let lines = host.lines();
    assert_eq!(lines.len(), 101);
    let last = lines.last().unwrap();
    assert_eq!(last.level, LogLevel::Warn);
    assert!(last.message.starts_with("900 more lines"), "{}", last.message);
    does_to(&sandbox, "log-flood", "", 1).await?;
    assert_eq!(host.lines().len(), 102, "the next call may log again");
    Ok(())
}

#[tokio::test]
async fn bytes_beyond_the_quota_of_a_call_are_left_out() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |_, limits| limits.log_bytes = 10_000).await?;
    does_to(&sandbox, "log-long", "", 1_024).await?;
    let lines = host.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].message.len(), 8 << 10, "a message is cut off");
    does_to(&sandbox, "log-flood", "", 2_000).await?;
    let bytes: usize = host.lines()[1..].iter().map(|line| line.message.len()).sum();
    assert!(bytes <= 10_100, "{bytes}");
    Ok(())
}

/// The series of the metric of `hostile`: the values of the label, and what they count.
fn series(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    let ours = all.filter(|(key, ..)| key.key().name() == "czo_module_hostile_harms");
    let read = |value| if let DebugValue::Counter(count) = value { count } else { u64::MAX };
    ours.map(|(key, _, _, value)| {
        let label = key.key().labels().find(|label| label.key() == "kind");
        (label.map(|label| label.value().to_owned()).unwrap_or_default(), read(value))
    })
    .collect()
}

#[tokio::test]
async fn series_beyond_the_bound_are_counted_as_other() -> Result<()> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    // The test's runtime has one thread, so that the recorder hears all of it.
    let heard = metrics::set_default_local_recorder(&recorder);
    does_to(&sandbox, "label-flood", "", 500).await?;
    does_to(&sandbox, "label-flood", "", 500).await?;
    drop(heard);
    let series = series(&snapshotter);
    assert_eq!(series.len(), 101);
    let names: BTreeSet<_> = series.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 101);
    assert!(series.contains(&("other".to_owned(), 800)), "{series:?}");
    Ok(())
}

#[tokio::test]
async fn metrics_and_labels_that_are_not_declared_are_left_out() -> Result<()> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    let heard = metrics::set_default_local_recorder(&recorder);
    does(&sandbox, "metric-forge").await?;
    drop(heard);
    let keys = snapshotter.snapshot().into_vec();
    let names: Vec<_> = keys.iter().map(|(key, ..)| key.key().name()).collect();
    assert!(!names.contains(&"czo_module_hostile_others"), "{names:?}");
    let counted: u64 = series(&snapshotter).iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 0, "a counter only grows");
    Ok(())
}

#[tokio::test]
async fn chance_and_values_are_bounded() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |_, _| {}).await?;
    let bytes = does_to(&sandbox, "random", "", 1 << 20).await;
    assert!(
        matches!(&bytes, Ok(bytes) if bytes.len() == 64 << 10)
            || matches!(&bytes, Err(CallError::Failed(_))),
        "{bytes:?}"
    );
    let large = does_to(&sandbox, "key-large", "key", 2_048).await.unwrap_err();
    assert!(large.to_string().contains("1048576"), "{large}");
    assert!(does_to(&sandbox, "key-large", &"k".repeat(600), 1).await.is_err());
    assert!(host.values.lock().unwrap().is_empty());
    does_to(&sandbox, "key-large", "key", 1_024).await?;
    assert_eq!(host.values.lock().unwrap()["key"].len(), 1 << 20);
    Ok(())
}
