//! In which order hooks run, by example.

use czo_hooks::{HookBuilder, HookRegistry};

use crate::support::{Say, run};

type Before<'r> = HookBuilder<'r, Say, czo_hooks::Before>;

/// Registers a hook that adds its name to the words.
fn named(registry: &HookRegistry, name: &'static str, how: impl FnOnce(Before<'_>) -> Before<'_>) {
    let hook = how(registry.before::<Say>(name)).register(move |_, words| {
        words.push(name.to_owned());
        Ok(())
    });
    hook.unwrap().detach();
}

#[tokio::test]
async fn by_priority_and_then_by_name() {
    let registry = HookRegistry::new();
    named(&registry, "d", |hook| hook);
    named(&registry, "b", |hook| hook.priority(-1));
    named(&registry, "c", |hook| hook);
    named(&registry, "a", |hook| hook.priority(10));
    assert_eq!(run(&registry, "").await.unwrap(), "a c d b");
}

#[tokio::test]
async fn a_constraint_is_stronger_than_a_priority() {
    let registry = HookRegistry::new();
    named(&registry, "a", |hook| hook.priority(10).runs_after("z"));
    named(&registry, "z", |hook| hook.priority(-10));
    named(&registry, "m", |hook| hook.runs_before("z"));
    assert_eq!(run(&registry, "").await.unwrap(), "m z a");
}

#[tokio::test]
async fn a_constraint_on_a_missing_hook_holds_once_it_is_there() {
    let registry = HookRegistry::new();
    named(&registry, "a", |hook| hook.runs_after("tax"));
    named(&registry, "b", |hook| hook);
    assert_eq!(run(&registry, "").await.unwrap(), "a b");
    let tax = registry.before::<Say>("tax").register(|_, words| {
        words.push("tax".to_owned());
        Ok(())
    });
    assert_eq!(run(&registry, "").await.unwrap(), "b tax a");
    drop(tax);
    assert_eq!(run(&registry, "").await.unwrap(), "a b");
}

#[tokio::test]
async fn a_circle_is_refused_by_its_last_hook_and_shown() {
    let registry = HookRegistry::new();
    named(&registry, "a", |hook| hook.runs_before("b"));
    named(&registry, "b", |hook| hook.runs_before("c"));
    named(&registry, "other", |hook| hook.runs_before("c"));
    let last = registry.before::<Say>("c").runs_before("a").register(|_, _| Ok(()));
    assert_eq!(
        last.unwrap_err().to_string(),
        "hooks before word.say can't be ordered: c -> a -> b -> c; take one of the constraints away"
    );
    assert_eq!(run(&registry, "").await.unwrap(), "a b other");
}

#[test]
fn a_hook_that_runs_before_itself_is_a_circle() {
    let registry = HookRegistry::new();
    let error = registry.before::<Say>("a").runs_after("a").register(|_, _| Ok(())).unwrap_err();
    assert!(error.to_string().contains("a -> a"), "{error}");
}

#[test]
fn constraints_of_one_phase_say_nothing_about_another() {
    let registry = HookRegistry::new();
    let _before = registry.before::<Say>("a").runs_before("b").register(|_, _| Ok(())).unwrap();
    let _after = registry.after::<Say>("b").runs_before("a").register(|_, _| Ok(())).unwrap();
}
