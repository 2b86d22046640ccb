//! Who reads the log sees how long hooks took. In a program of its own, since tracing remembers
//! for all threads which places nobody listens to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io;
use std::sync::{Arc, Mutex};

use czo_core::{RequestContext, SystemIds};
use czo_hooks::{HookError, HookPoint, HookRegistry};
use metrics_util::debugging::DebuggingRecorder;
use serde_json::Value;
use tracing::Level;

/// Words become a text.
struct Say;

impl HookPoint for Say {
    const NAME: &'static str = "word.say";
    type Input = Vec<&'static str>;
    type Output = String;
    type Error = HookError;
}

/// Where a log is written to.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_run_is_a_span_in_which_each_hook_says_how_long_it_took() {
    let registry = HookRegistry::new();
    let hook = registry.before::<Say>("a").register(|_, words| {
        words.push("day");
        Ok(())
    });
    hook.unwrap().detach();
    let (point, ctx) = (registry.point::<Say>(), RequestContext::system(&SystemIds));
    let say = async || {
        let said = point.run(&ctx, vec!["good"], async |words| Ok(words.join(" ")));
        assert_eq!(said.await.unwrap(), "good day");
    };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(say());
    });
    let log = log.0.lock().unwrap();
    let lines: Vec<Value> = log
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["level"], "DEBUG");
    assert_eq!(line["fields"]["hook.name"], "a");
    assert_eq!(line["fields"]["hook.phase"], "before");
    assert_eq!(line["fields"]["outcome"], "ok");
    assert!(line["fields"]["duration_us"].as_f64().unwrap() > 0.0, "{line}");
    assert_eq!(line["span"]["name"], "run_hooks");
    assert_eq!(line["span"]["hook.point"], "word.say");
    drop(log);

    // That somebody read the log first must not keep the durations from who counts them later.
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || runtime.block_on(say()));
    assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 1);
}
