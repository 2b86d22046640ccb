//! Hooks come and go.

use std::sync::{Arc, Mutex};

use czo_hooks::{HookError, HookHandle, HookPoint, HookRegistry, RegisterError};
use tokio::sync::Notify;

use crate::support::{Say, SayError, add_name, run, run_at};

#[tokio::test]
async fn dropping_the_handle_takes_the_hook_out_and_detaching_keeps_it() {
    let registry = HookRegistry::new();
    let point = registry.point::<Say>();
    add_name(&registry, "stays");
    let goes = registry.before::<Say>("goes").register(|_, words| {
        words.push("goes".to_owned());
        Ok(())
    });
    assert_eq!(run_at(&point, "hey").await.unwrap(), "hey goes stays");
    drop(goes);
    assert_eq!(run_at(&point, "hey").await.unwrap(), "hey stays");
}

#[test]
fn the_last_hook_that_goes_leaves_the_point_empty() {
    let registry = HookRegistry::new();
    let point = registry.point::<Say>();
    let hook = registry.on_error::<Say>("a").register(|_, _| None).unwrap();
    assert!(!point.is_empty());
    hook.unregister();
    assert!(point.is_empty());
}

#[tokio::test]
async fn a_handle_takes_out_its_own_hook_and_not_another_of_its_name() {
    let registry = HookRegistry::new();
    let first = registry.before::<Say>("a").register(|_, _| Ok(())).unwrap();
    let twice = registry.before::<Say>("a").register(|_, _| Ok(()));
    assert_eq!(
        twice.unwrap_err().to_string(),
        "there is a hook `a` before word.say already; choose another name"
    );
    first.unregister();
    add_name(&registry, "a");
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey a");
}

#[test]
fn one_name_may_be_used_in_each_phase() {
    let registry = HookRegistry::new();
    let _before = registry.before::<Say>("a").register(|_, _| Ok(())).unwrap();
    let _after = registry.after::<Say>("a").register(|_, _| Ok(())).unwrap();
    let _on_error = registry.on_error::<Say>("a").register(|_, _| None).unwrap();
}

#[test]
fn malformed_names_are_refused() {
    let registry = HookRegistry::new();
    let error = registry.before::<Say>("Tax!").register(|_, _| Ok(())).unwrap_err();
    assert!(error.to_string().starts_with("`Tax!` can't name a hook of word.say"), "{error}");
    let error = registry.before::<Say>("a").runs_after("").register(|_, _| Ok(())).unwrap_err();
    assert!(matches!(error, RegisterError::Malformed { .. }));
    assert!(registry.point::<Say>().is_empty());
}

/// Another type that says it is the same point.
struct SayAgain;

impl HookPoint for SayAgain {
    const NAME: &'static str = "word.say";
    type Input = ();
    type Output = ();
    type Error = HookError;
}

#[tokio::test]
async fn a_second_type_of_one_name_is_refused_and_the_first_goes_on() {
    let registry = HookRegistry::new();
    let _point = registry.point::<Say>();
    let error = registry.before::<SayAgain>("a").register(|_, ()| Ok(())).unwrap_err();
    assert!(
        matches!(&error, RegisterError::PointTwice { other, .. } if other.ends_with("::Say")),
        "{error}"
    );
    add_name(&registry, "a");
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey a");
}

#[tokio::test]
async fn a_run_keeps_the_hooks_it_began_with() {
    let registry = HookRegistry::new();
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = (begun.clone(), go_on.clone());
    let waits = registry.before::<Say>("a").register_async_with(gate, async |gate, _, _| {
        gate.0.notify_one();
        gate.1.notified().await;
        Ok(())
    });
    let exclaim = registry.after::<Say>("b").register(|_, text| {
        text.push('!');
        Ok(())
    });
    let under_way = tokio::spawn({
        let registry = registry.clone();
        async move { run(&registry, "hey").await.unwrap() }
    });
    begun.notified().await;
    drop((waits, exclaim));
    add_name(&registry, "late");
    go_on.notify_one();
    assert_eq!(under_way.await.unwrap(), "hey!");
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey late");
}

#[tokio::test]
async fn a_hook_can_register_another_which_takes_part_in_the_next_run() {
    let registry = HookRegistry::new();
    let inside = registry.clone();
    let once = Mutex::new(true);
    let _hook = registry.before::<Say>("a").register(move |_, _| {
        if std::mem::take(&mut *once.lock().unwrap()) {
            add_name(&inside, "b");
        }
        Ok(())
    });
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey b");
}

#[tokio::test]
async fn a_hook_can_take_itself_out() {
    let registry = HookRegistry::new();
    let handle: Arc<Mutex<Option<HookHandle>>> = Arc::default();
    let own = handle.clone();
    let hook = registry.before::<Say>("once").register(move |_, words| {
        words.push("once".to_owned());
        drop(own.lock().unwrap().take());
        Ok(())
    });
    *handle.lock().unwrap() = Some(hook.unwrap());
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey once");
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
}

#[test]
fn a_hook_that_owns_the_handle_of_another_takes_it_along() {
    let registry = HookRegistry::new();
    let inner = registry.before::<Say>("inner").register(|_, _| Ok(())).unwrap();
    let outer = registry.after::<Say>("outer").register(move |_, _| {
        let _ = inner.name();
        Ok(())
    });
    drop(outer);
    assert!(registry.point::<Say>().is_empty());
}

#[tokio::test]
async fn a_handle_may_outlive_its_registry() {
    let registry = HookRegistry::new();
    let hook = registry.before::<Say>("a").register(|_, _| Ok(())).unwrap();
    drop(registry);
    hook.unregister();
}

#[tokio::test]
async fn a_thousand_hooks_run_in_order() {
    let registry = HookRegistry::new();
    let mut handles = Vec::new();
    for n in (0..1_000).rev() {
        let hook = registry.before::<Say>(&format!("h{n:03}")).register(move |_, words| {
            words.push(n.to_string());
            Ok(())
        });
        handles.push(hook.unwrap());
    }
    let expected: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
    assert_eq!(run(&registry, "").await.unwrap(), expected.join(" "));
    drop(handles);
    assert!(matches!(run(&registry, "").await, Err(SayError::Nothing)));
}
