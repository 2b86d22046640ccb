//! Hooks that know JSON instead of types.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{Classified, ErrorKind, RequestContext};
use czo_hooks::{
    BoxError, HookError, HookHandle, HookPhase, HookPoint, HookRegistry, HookVerdict, JsonHook,
    JsonHookOptions, OnFailure, OpenHooks,
};

use crate::support::context;

/// A number is doubled.
struct Double;

impl HookPoint for Double {
    const NAME: &'static str = "number.double";
    type Input = u32;
    type Output = u32;
    type Error = HookError;
}

/// Always answers the same.
struct Answering(Option<HookVerdict>);

#[async_trait]
impl JsonHook for Answering {
    fn is_served(&self) -> bool {
        true
    }

    async fn run(&self, _: &RequestContext, _: String) -> Result<HookVerdict, BoxError> {
        self.0.clone().ok_or_else(|| "it broke".into())
    }
}

fn at(registry: &HookRegistry, options: JsonHookOptions, says: Option<HookVerdict>) -> HookHandle {
    let open = OpenHooks::new(registry.clone()).open::<Double>();
    open.register(Double::NAME, "module.x", &options, Arc::new(Answering(says))).unwrap().unwrap()
}

async fn double(registry: &HookRegistry, number: u32) -> Result<u32, HookError> {
    registry.point::<Double>().run(&context(), number, async |number| Ok(number * 2)).await
}

fn changed(json: &str) -> Option<HookVerdict> {
    Some(HookVerdict::Changed(json.to_owned()))
}

#[tokio::test]
async fn it_changes_what_goes_in_and_what_comes_out() {
    let registry = HookRegistry::new();
    let before = at(&registry, JsonHookOptions::new(HookPhase::Before), changed("5"));
    assert_eq!(double(&registry, 1).await.unwrap(), 10);
    drop(before);
    let _after = at(&registry, JsonHookOptions::new(HookPhase::After), changed("7"));
    assert_eq!(double(&registry, 1).await.unwrap(), 7);
}

#[tokio::test]
async fn its_refusal_is_one_of_the_kind_that_its_code_names() {
    let registry = HookRegistry::new();
    let refused = |code: &str| {
        Some(HookVerdict::Refused { code: code.to_owned(), message: "not you".to_owned() })
    };
    let before = at(&registry, JsonHookOptions::new(HookPhase::Before), refused("forbidden"));
    let error = double(&registry, 1).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Forbidden, "not you".to_owned()));
    drop(before);
    let _before = at(&registry, JsonHookOptions::new(HookPhase::Before), refused("too_low"));
    let error = double(&registry, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "not you (too_low)");
}

#[tokio::test]
async fn what_is_of_another_form_is_a_failure_which_an_open_hook_leaves_no_trace_of() {
    let registry = HookRegistry::new();
    let mut options = JsonHookOptions::new(HookPhase::Before);
    for says in [changed("\"five\""), None] {
        options.on_failure = OnFailure::Closed;
        let closed = at(&registry, options, says.clone());
        double(&registry, 1).await.unwrap_err();
        drop(closed);
        options.on_failure = OnFailure::Open;
        let _open = at(&registry, options, says);
        assert_eq!(double(&registry, 1).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_point_that_nobody_opened_takes_no_hook() {
    let open = OpenHooks::new(HookRegistry::new());
    let options = JsonHookOptions::new(HookPhase::Before);
    assert!(open.register(Double::NAME, "x", &options, Arc::new(Answering(None))).is_none());
}
