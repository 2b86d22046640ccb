//! Hooks on errors.

use czo_hooks::{HookError, HookPoint, HookRegistry, Refusal};

use crate::support::{Journal, Say, SayError, context, run};

fn recover(registry: &HookRegistry, name: &'static str, answer: Option<&'static str>) -> Journal {
    let journal = Journal::default();
    let seen = journal.clone();
    let hook = registry.on_error::<Say>(name).register(move |_, error| {
        seen.write(error.to_string());
        answer.map(str::to_owned)
    });
    hook.unwrap().detach();
    journal
}

#[tokio::test]
async fn a_hook_on_errors_sees_the_error_and_leaves_it() {
    let registry = HookRegistry::new();
    let seen = recover(&registry, "log", None);
    let error = run(&registry, "").await.unwrap_err();
    assert!(matches!(error, SayError::Nothing));
    assert_eq!(seen.read(), ["nothing to say"]);
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
    assert_eq!(seen.read().len(), 1, "it is not called when all goes well");
}

#[tokio::test]
async fn the_first_that_recovers_ends_it_and_hooks_after_do_not_run() {
    let registry = HookRegistry::new();
    recover(&registry, "a", None);
    recover(&registry, "b", Some("silence"));
    let behind = recover(&registry, "c", Some("noise"));
    let _loud = registry.after::<Say>("loud").register(|_, text| {
        text.make_ascii_uppercase();
        Ok(())
    });
    assert_eq!(run(&registry, "").await.unwrap(), "silence");
    assert!(behind.read().is_empty());
}

#[tokio::test]
async fn an_async_hook_recovers_with_its_state() {
    let registry = HookRegistry::new();
    let fallback = "silence".to_owned();
    let _hook =
        registry.on_error::<Say>("a").register_async_with(fallback, async |text, _, error| {
            tokio::task::yield_now().await;
            matches!(error, SayError::Nothing).then(|| text.clone())
        });
    assert_eq!(run(&registry, "").await.unwrap(), "silence");
}

#[tokio::test]
async fn the_failure_of_a_hook_can_be_recovered_from_in_both_phases() {
    let registry = HookRegistry::new();
    let seen = recover(&registry, "a", Some("anyway"));
    let before = registry.before::<Say>("b").register(|_, _| panic!("oh"));
    assert_eq!(run(&registry, "hey").await.unwrap(), "anyway");
    drop(before);
    let after = registry.after::<Say>("c").register(|_, _| Err("oh".into()));
    assert_eq!(run(&registry, "hey").await.unwrap(), "anyway");
    drop(after);
    assert_eq!(seen.read().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_seen_and_stays() {
    let registry = HookRegistry::new();
    let seen = recover(&registry, "a", Some("anyway"));
    let _no = registry.before::<Say>("no").register(|_, _| Err(Refusal::new("never").into()));
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(error, HookError::Refused { .. }));
    assert_eq!(seen.read(), ["never"]);
}

/// Panics when it goes.
struct Mine;

impl Drop for Mine {
    fn drop(&mut self) {
        panic!("mine");
    }
}

struct Make;

impl HookPoint for Make {
    const NAME: &'static str = "mine.make";
    type Input = ();
    type Output = Mine;
    type Error = HookError;
}

#[tokio::test]
async fn an_answer_that_is_of_no_use_may_panic() {
    let registry = HookRegistry::new();
    let answers = registry.on_error::<Make>("a").register(|_, _| Some(Mine));
    let no = registry.before::<Make>("no").register(|_, ()| Err(Refusal::new("never").into()));
    let _handles = (answers.unwrap(), no.unwrap());
    let refused = registry.point::<Make>().run(&context(), (), async |()| Ok(Mine)).await;
    assert_eq!(refused.err().unwrap().to_string(), "never");
}

#[tokio::test]
async fn a_hook_on_errors_that_panics_leaves_the_error_to_the_next() {
    let registry = HookRegistry::new();
    let _bad = registry.on_error::<Say>("a").register(|_, _| panic!("oh"));
    assert!(matches!(run(&registry, "").await.unwrap_err(), SayError::Nothing));
    recover(&registry, "b", Some("silence"));
    assert_eq!(run(&registry, "").await.unwrap(), "silence");
}
