//! What is registered of a module outside of what is published.

use std::sync::Arc;
use std::time::Duration;

use czo_core::Subscription;
use czo_hooks::HookHandle;
use czo_module_package::{HookSubscription, ModuleManifest, OnHookFailure};
use tokio::time::Instant;

use super::ledger::Registered;
use super::{Failed, Ledger, Stage};
use crate::hook::ServedHook;
use crate::{Generation, Revision};

/// What of a module is registered in this process: hooks and subscriptions, which outlast generations
/// that have the same ones. Held by whoever changes the module here.
#[derive(Default)]
pub(crate) struct Attached {
    hooks: Vec<(HookSubscription, HookHandle)>,
    subscriptions: Vec<(String, Subscription)>,
    /// The record that this process has last followed.
    pub(crate) seen: Option<Revision>,
    /// What could not be brought up here.
    pub(crate) failure: Option<FailureHere>,
}

/// A generation that this process could not bring up.
#[derive(Clone, Debug)]
pub(crate) struct FailureHere {
    pub(crate) generation: Option<Generation>,
    pub(crate) reason: String,
    pub(crate) times: u32,
    pub(crate) next_try: Instant,
}

/// The longest time between two tries.
const LONGEST: Duration = Duration::from_secs(60);

impl FailureHere {
    /// One more failure: tried again after 1, 2, 4, … 60 s.
    pub(crate) fn after(
        before: Option<&Self>,
        generation: Option<Generation>,
        reason: String,
    ) -> Self {
        let same = before.filter(|it| it.generation == generation);
        let times = same.map_or(0, |it| it.times) + 1;
        let pause = Duration::from_secs(1 << (times - 1).min(6)).min(LONGEST);
        Self { generation, reason, times, next_try: Instant::now() + pause }
    }
}

impl Attached {
    /// Registers what `manifest` wants and is not registered yet.
    pub(crate) async fn attach(
        &self,
        stage: &Stage,
        manifest: &ModuleManifest,
    ) -> Result<Ledger, Failed> {
        let mut ledger = Ledger::default();
        for hook in &manifest.hooks {
            if self.hooks.iter().any(|(it, _)| it == hook) {
                continue;
            }
            let handle = register(stage, manifest, hook)?;
            ledger.note(Registered::Hook(hook.clone(), handle));
        }
        for subscription in &manifest.subscriptions {
            let pattern = &subscription.events;
            if self.subscriptions.iter().any(|(it, _)| it == pattern) {
                continue;
            }
            let subscribed = stage.subscriber.subscribe(&manifest.name, pattern).await?;
            ledger.note(Registered::Subscription(pattern.clone(), subscribed));
        }
        Ok(ledger)
    }

    /// Keeps what was registered for `manifest`, and takes out what it does not want.
    pub(crate) fn keep(&mut self, ledger: Ledger, manifest: &ModuleManifest) {
        for registered in ledger.stands() {
            match registered {
                Registered::Hook(hook, handle) => self.hooks.push((hook, handle)),
                Registered::Subscription(pattern, it) => self.subscriptions.push((pattern, it)),
            }
        }
        self.hooks.retain(|(hook, _)| manifest.hooks.contains(hook));
        self.subscriptions
            .retain(|(pattern, _)| manifest.subscriptions.iter().any(|it| it.events == *pattern));
    }

    /// Takes everything out.
    pub(crate) fn detach(&mut self) {
        self.hooks.clear();
        self.subscriptions.clear();
    }
}

fn register(
    stage: &Stage,
    manifest: &ModuleManifest,
    hook: &HookSubscription,
) -> Result<HookHandle, Failed> {
    // What runs is found when it runs; the name is for people. Two generations may have hooks of
    // the same place that differ, for a moment.
    let failure = match hook.on_failure {
        OnHookFailure::Open => "open",
        OnHookFailure::Closed => "closed",
    };
    let (module, priority, timeout) = (&manifest.name, hook.priority, hook.timeout_ms);
    let name = format!("module.{module}.p{priority}-t{timeout}-{failure}");
    let served =
        ServedHook { module: module.clone(), hook: hook.clone(), active: stage.active.clone() };
    let step = "registering hooks";
    match crate::hook::register(&stage.hooks, &name, hook, Arc::new(served)) {
        Some(registered) => registered.map_err(Failed::of(step)),
        None => Err(Failed::new(step, stage.unknown_point(&hook.point))),
    }
}
