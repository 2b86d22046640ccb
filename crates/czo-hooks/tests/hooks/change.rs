//! Hooks change what goes in and what comes out.

use std::sync::Arc;

use czo_core::{Classified, ErrorKind, FieldErrorCode, RequestContext};
use czo_hooks::{BeforeError, HookError, HookRegistry, Hooks, Refusal};

use crate::support::{Journal, Say, add_name, context, run, say, words};

#[tokio::test]
async fn without_hooks_the_operation_runs_as_it_is() {
    let registry = HookRegistry::new();
    assert!(registry.point::<Say>().is_empty());
    assert_eq!(run(&registry, "good day").await.unwrap(), "good day");
}

#[tokio::test]
async fn a_hook_before_changes_the_input_and_one_after_the_result() {
    let registry = HookRegistry::new();
    add_name(&registry, "a");
    let loud = registry.after::<Say>("loud").register(|_, text| {
        text.make_ascii_uppercase();
        Ok(())
    });
    loud.unwrap().detach();
    assert_eq!(run(&registry, "good").await.unwrap(), "GOOD A");
}

/// An `async fn` is a hook as it stands.
async fn greet(ctx: &RequestContext, words: &mut Vec<String>) -> Result<(), BeforeError> {
    tokio::task::yield_now().await;
    words.insert(0, format!("{:?}", ctx.actor));
    Ok(())
}

#[tokio::test]
async fn async_functions_closures_and_state_are_hooks() {
    let registry = HookRegistry::new();
    let _greet = registry.before::<Say>("a").register_async(greet).unwrap();
    let add = registry.before::<Say>("b").register_async(async |_, words| {
        tokio::task::yield_now().await;
        words.push("b".to_owned());
        Ok(())
    });
    let state = Arc::new("state".to_owned());
    let given = registry.after::<Say>("c").register_async_with(state, async |state, _, text| {
        tokio::task::yield_now().await;
        text.push_str(state);
        Ok(())
    });
    let _handles = (add.unwrap(), given.unwrap());
    let actor = context().actor;
    assert_eq!(run(&registry, "day").await.unwrap(), format!("{actor:?} day bstate"));
}

#[tokio::test]
async fn a_refusal_ends_the_run_before_the_operation_in_the_operations_error() {
    let registry = HookRegistry::new();
    let refuse = registry.before::<Say>("no").register(|_, words| {
        words.clear();
        Err(Refusal::new("not so loud")
            .of_kind(ErrorKind::Forbidden)
            .field("words.0", FieldErrorCode::Invalid, "expected a soft word")
            .into())
    });
    let later = Journal::default();
    let journal = later.clone();
    let after_it = registry.before::<Say>("z").register(move |_, _| {
        journal.write("z");
        Ok(())
    });
    let _handles = (refuse.unwrap(), after_it.unwrap());
    let error = run(&registry, "HEY").await.unwrap_err().into_hook();
    assert!(
        matches!(&error, HookError::Refused { point: "word.say", hook, .. } if &**hook == "no")
    );
    assert_eq!(error.to_string(), "not so loud");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Forbidden, false));
    assert_eq!(error.field_errors()[0].field, ["words", "0"]);
    assert!(later.read().is_empty(), "a hook behind the refusal ran");
}

#[tokio::test]
async fn a_refusal_of_a_fail_open_hook_refuses_too() {
    let registry = HookRegistry::new();
    let refuse = registry
        .before::<Say>("no")
        .fail_open()
        .register(|_, _| Err(Refusal::new("never").into()))
        .unwrap();
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(error, HookError::Refused { .. }));
    refuse.unregister();
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
}

#[tokio::test]
async fn hooks_see_the_context_of_the_run() {
    let registry = HookRegistry::new();
    let journal = Journal::default();
    let seen = journal.clone();
    let hook = registry.before::<Say>("who").register(move |ctx, _| {
        seen.write(ctx.correlation_id.to_string());
        Ok(())
    });
    let ctx = context();
    registry.point::<Say>().run(&ctx, words("hey"), say).await.unwrap();
    assert_eq!(journal.read(), [ctx.correlation_id.to_string()]);
    drop(hook);
}

#[test]
fn runs_and_their_parts_go_from_thread_to_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<HookRegistry>();
    is_send_and_sync::<Hooks<Say>>();
    is_send_and_sync::<czo_hooks::HookHandle>();
    let (registry, ctx) = (HookRegistry::new(), context());
    let point = registry.point::<Say>();
    is_send(&point.run(&ctx, words("hey"), say));
}
