//! Hooks run operations with hooks.

use czo_hooks::{HookError, HookPoint, HookRegistry, Hooks, MAX_DEPTH, Refusal};

use crate::support::{Say, add_name, context, run, say, words};

#[tokio::test]
async fn a_hook_can_run_its_own_point() {
    let registry = HookRegistry::new();
    add_name(&registry, "z");
    let inner = registry.point::<Say>();
    let _hook = registry.before::<Say>("a").register_async_with(inner, async |inner, _, words| {
        if words.len() == 1 {
            let said = inner.run(&context(), crate::support::words("b c"), say).await?;
            words.push(format!("({said})"));
        }
        Ok(())
    });
    assert_eq!(run(&registry, "a").await.unwrap(), "a (b c z) z");
}

#[tokio::test]
async fn a_hook_that_runs_its_own_point_for_ever_is_an_error() {
    let registry = HookRegistry::new();
    let inner: Hooks<Say> = registry.point();
    let _hook =
        registry.before::<Say>("a").register_async_with(inner, async |inner, ctx, words| {
            // The box is what `async` recursion needs.
            Box::pin(inner.run(ctx, words.clone(), say)).await?;
            Ok(())
        });
    let mut error: Box<dyn std::error::Error> =
        Box::new(run(&registry, "hey").await.unwrap_err().into_hook());
    let mut hooks = 0;
    // Each level failed because of the one inside.
    while let HookError::Failed { source, .. } = *error.downcast::<HookError>().unwrap() {
        hooks += 1;
        error = Box::new(source.downcast::<crate::support::SayError>().unwrap().into_hook());
    }
    assert_eq!(hooks, MAX_DEPTH);
}

/// A point whose error is the hooks' own.
struct Allow;

impl HookPoint for Allow {
    const NAME: &'static str = "word.allow";
    type Input = ();
    type Output = ();
    type Error = HookError;
}

#[tokio::test]
async fn a_refusal_of_a_run_inside_a_hook_refuses_even_where_that_is_fail_open() {
    let registry = HookRegistry::new();
    let no = registry.before::<Allow>("no").register(|_, ()| Err(Refusal::new("never").into()));
    let inner = registry.point::<Allow>();
    let asks = registry
        .before::<Say>("asks")
        .fail_open()
        .register_async_with(inner, async |inner, ctx, _| {
            Ok(inner.run(ctx, (), async |()| Ok(())).await?)
        });
    let _handles = (no.unwrap(), asks.unwrap());
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(
        matches!(&error, HookError::Refused { point: "word.say", hook, .. } if &**hook == "asks")
    );
    assert_eq!(error.to_string(), "never");
}

#[tokio::test]
async fn the_operation_can_run_its_own_point() {
    let registry = HookRegistry::new();
    add_name(&registry, "z");
    let point = registry.point::<Say>();
    let ctx = context();
    let twice = async |input: Vec<String>| point.run(&ctx, input, say).await;
    assert_eq!(point.run(&ctx, words("hey"), twice).await.unwrap(), "hey z z");
}
