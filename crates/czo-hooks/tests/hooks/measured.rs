//! How long hooks took can be seen.

use czo_hooks::{HookRegistry, Refusal};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::support::{Say, add_name, run};

#[test]
fn each_hook_is_measured_by_point_hook_phase_and_outcome() {
    let registry = HookRegistry::new();
    add_name(&registry, "a");
    let _open = registry.before::<Say>("b").fail_open().register(|_, _| panic!("oh")).unwrap();
    let refuse = |_: &_, words: &mut Vec<String>| match words[0].as_str() {
        "no" => Err(Refusal::new("never").into()),
        _ => Ok(()),
    };
    let _refuse = registry.before::<Say>("c").register(refuse).unwrap();
    let _after = registry.after::<Say>("a").register(|_, _| Ok(())).unwrap();
    let _seen = registry.on_error::<Say>("a").register(|_, _| None).unwrap();

    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Whoever listens later is heard too.
    runtime.block_on(run(&registry, "unheard")).unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(run(&registry, "yes")).unwrap();
        runtime.block_on(run(&registry, "no")).unwrap_err();
    });

    let mut samples: Vec<_> = recorder
        .snapshotter()
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            assert_eq!(key.name(), "czo_hook_duration_seconds");
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let DebugValue::Histogram(values) = value else { panic!("{value:?}") };
            assert!(values.iter().all(|seconds| (0.0..60.0).contains(&seconds.into_inner())));
            (labels.join(" "), values.len())
        })
        .collect();
    samples.sort();
    let expected = [
        ("hook=a phase=after outcome=ok", 1),
        ("hook=a phase=before outcome=ok", 2),
        ("hook=a phase=on_error outcome=ok", 1),
        ("hook=b phase=before outcome=panicked", 2),
        ("hook=c phase=before outcome=ok", 1),
        ("hook=c phase=before outcome=refused", 1),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(labels, count)| (format!("point=word.say {labels}"), *count))
        .collect();
    assert_eq!(samples, expected);
}
