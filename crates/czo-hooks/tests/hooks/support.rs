//! An operation to put hooks around.

use std::sync::{Arc, Mutex};

use czo_core::{RequestContext, SystemIds};
use czo_hooks::{HookError, HookPoint, HookRegistry, Hooks};
use thiserror::Error;

/// An operation that turns a list of words into one text.
pub(crate) struct Say;

#[derive(Debug, Error)]
pub(crate) enum SayError {
    #[error("nothing to say")]
    Nothing,
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl HookPoint for Say {
    const NAME: &'static str = "word.say";
    type Input = Vec<String>;
    type Output = String;
    type Error = SayError;
}

impl SayError {
    /// The hook's part in it.
    pub(crate) fn into_hook(self) -> HookError {
        match self {
            Self::Hook(error) => error,
            Self::Nothing => panic!("{self}"),
        }
    }
}

/// Joins the words, and fails when there are none.
pub(crate) async fn say(words: Vec<String>) -> Result<String, SayError> {
    if words.is_empty() { Err(SayError::Nothing) } else { Ok(words.join(" ")) }
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

pub(crate) fn context() -> RequestContext {
    RequestContext::system(&SystemIds)
}

/// Says `text` with the hooks of `registry`.
pub(crate) async fn run(registry: &HookRegistry, text: &str) -> Result<String, SayError> {
    run_at(&registry.point(), text).await
}

pub(crate) async fn run_at(hooks: &Hooks<Say>, text: &str) -> Result<String, SayError> {
    hooks.run(&context(), words(text), say).await
}

/// Registers a hook for good that adds its name to the words.
pub(crate) fn add_name(registry: &HookRegistry, name: &'static str) {
    let hook = registry.before::<Say>(name).register(move |_, words| {
        words.push(name.to_owned());
        Ok(())
    });
    hook.unwrap().detach();
}

/// Writes down what happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    pub(crate) fn read(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
