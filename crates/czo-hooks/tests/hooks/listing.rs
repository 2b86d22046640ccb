//! What is registered can be looked at.

use std::time::Duration;

use czo_hooks::{DEFAULT_TIMEOUT, HookError, HookPhase, HookPoint, HookRegistry, OnFailure};

use crate::support::Say;

struct Ask;

impl HookPoint for Ask {
    const NAME: &'static str = "word.ask";
    type Input = ();
    type Output = ();
    type Error = HookError;
}

#[test]
fn points_hooks_phases_order_and_options_are_listed() {
    let registry = HookRegistry::new();
    let _point = registry.point::<Say>();
    let _log = registry.on_error::<Ask>("log").register(|_, _| None).unwrap();
    let second = registry.before::<Ask>("second").priority(-1).register(|_, ()| Ok(()));
    let first = registry
        .before::<Ask>("first")
        .runs_before("second")
        .runs_after("zero")
        .timeout(Duration::from_millis(20))
        .fail_open()
        .register(|_, ()| Ok(()));
    let _handles = (first.unwrap(), second.unwrap());

    let list = registry.list();
    let names: Vec<_> = list.iter().map(|point| (point.name, point.hooks.len())).collect();
    assert_eq!(names, [("word.ask", 3), ("word.say", 0)]);
    let hooks: Vec<_> =
        list[0].hooks.iter().map(|hook| (hook.phase.as_str(), hook.name.as_str())).collect();
    assert_eq!(hooks, [("before", "first"), ("before", "second"), ("on_error", "log")]);
    let first = &list[0].hooks[0];
    assert_eq!((first.phase, first.priority), (HookPhase::Before, 0));
    assert_eq!(
        (&first.runs_before[..], &first.runs_after[..]),
        (&["second".to_owned()][..], &["zero".to_owned()][..])
    );
    assert_eq!((first.timeout, first.on_failure), (Duration::from_millis(20), OnFailure::Open));
    let second = &list[0].hooks[1];
    assert_eq!((second.timeout, second.on_failure), (DEFAULT_TIMEOUT, OnFailure::Closed));
    assert_eq!(
        format!("{registry:?}"),
        r#"{"word.ask": ["first", "second", "log"], "word.say": []}"#
    );
}
