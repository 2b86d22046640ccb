//! A module fails too often (requirement MOD 16).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use czo_core::{RequestContext, describe};
use czo_module_package::ModuleName;
use serde_json::json;

use super::QuarantineInfo;
use super::shared::Shared;
use super::standing::{Relapse, Standing};
use crate::active::{Alarm, Exhausted};
use crate::{Generation, ModuleError, ModuleRecord, ModuleStatus, OperationKind, StoreError};

/// The longest time until a module is tried again.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long after a quarantine another one counts as the next of the same trouble.
const RELAPSE: Duration = Duration::from_secs(3_600);

impl Shared {
    /// Takes out a module that fails too often. A version that is watched goes back to the one
    /// before instead.
    pub(crate) async fn heed(self: &Arc<Self>, alarm: Alarm) {
        let Alarm { module, generation, exhausted } = alarm;
        let ctx = self.system();
        let Err(error) = self.act(&ctx, &module, generation, exhausted).await else { return };
        // Where the store refuses, another process is at it, or another operation is under way.
        if !matches!(error, ModuleError::Store(_)) {
            let error = describe(&error);
            tracing::error!(%module, %generation, error, "a failing module goes on serving");
        }
        // It is told again when it goes on like this.
        if let Some(serving) = self.active.now().get(&module) {
            serving.budget.rearm();
        }
    }

    async fn act(
        self: &Arc<Self>,
        ctx: &RequestContext,
        module: &ModuleName,
        generation: Generation,
        exhausted: Exhausted,
    ) -> Result<(), ModuleError> {
        let record = self.record(module).await?;
        let is_meant =
            record.generation == Some(generation) && record.status == ModuleStatus::Enabled;
        if !is_meant {
            return Ok(());
        }
        let standing = Standing::of(&record);
        let now = self.parts.clock.now();
        let is_watched = standing.watched_until.is_some_and(|until| now < until);
        if is_watched && !standing.before.is_empty() {
            let reason = &exhausted.reason;
            tracing::warn!(%module, %generation, reason, "a new version goes back by itself");
            let failing = Some((generation, exhausted.reason.as_str()));
            match self.roll_back(ctx, module, failing).await {
                // Where the store refuses, another process is at it, or was.
                Ok(_) | Err(ModuleError::Store(_)) => return Ok(()),
                Err(error) => {
                    let error = describe(&error);
                    tracing::error!(%module, error, "a new version can't go back");
                }
            }
        }
        self.quarantine(ctx, &record, exhausted).await
    }

    /// Takes a module out, until it is tried again.
    async fn quarantine(
        self: &Arc<Self>,
        ctx: &RequestContext,
        record: &ModuleRecord,
        exhausted: Exhausted,
    ) -> Result<(), ModuleError> {
        let module = &record.name;
        let reason = exhausted.reason.clone();
        let held =
            self.hold(module, OperationKind::Disable, &json!({ "quarantine": reason })).await?;
        let found = self.record(module).await?;
        if found.generation != record.generation {
            let error = StoreError::Changed { name: module.clone() }.into();
            return Err(self.give_up(&held, error).await);
        }
        let now = self.parts.clock.now();
        let standing = |standing: Standing| quarantined(standing, exhausted, now);
        let status = ModuleStatus::Quarantined;
        let stopped = self.stop_serving(ctx, &held, status, "quarantined", standing, true).await;
        match stopped {
            Ok(_) => {
                tracing::error!(%module, reason, "a module is quarantined");
                metrics::counter!("czo_modules_quarantined_total", "module" => module.to_string())
                    .increment(1);
                Ok(())
            }
            Err(error) => Err(self.give_up(&held, error).await),
        }
    }

    /// Tries a quarantined module again when it is time, and puts it off when it can't be brought up.
    pub(crate) async fn retry_quarantined(self: &Arc<Self>, record: &ModuleRecord) {
        let standing = Standing::of(record);
        let Some(quarantine) = standing.quarantine else { return };
        if self.parts.clock.now() < quarantine.next_try {
            return;
        }
        let (ctx, module) = (self.system(), &record.name);
        match self.enable(&ctx, module).await {
            Ok(_) => tracing::info!(%module, "a quarantined module is tried again"),
            // Somebody else is at it.
            Err(ModuleError::Store(_)) => {}
            Err(error) => {
                let reason = describe(&error);
                tracing::warn!(%module, reason, "a quarantined module can't be brought up");
                let exhausted = Exhausted { reason, last_errors: quarantine.last_errors };
                if let Err(error) = self.quarantine(&ctx, record, exhausted).await {
                    let error = describe(&error);
                    tracing::warn!(%module, error, "a quarantined module is not put off");
                }
            }
        }
    }

    /// What is written down of a module that serves again: how often it was quarantined, for when it
    /// is again.
    pub(crate) fn healed(&self, standing: Standing) -> Standing {
        let ended = self.parts.clock.now();
        let relapse = standing.quarantine.as_ref().map(|it| Relapse { times: it.times, ended });
        Standing {
            reason: None,
            next: None,
            quarantine: None,
            relapse: relapse.or(standing.relapse),
            ..standing
        }
    }
}

fn quarantined(standing: Standing, exhausted: Exhausted, now: DateTime<Utc>) -> Standing {
    let Exhausted { reason, last_errors } = exhausted;
    let before = standing.quarantine.as_ref().map(|it| it.times).or_else(|| {
        let relapse = standing.relapse.filter(|it| now - it.ended < chrono_of(RELAPSE));
        relapse.map(|it| it.times)
    });
    let times = before.unwrap_or(0) + 1;
    let pause = Duration::from_secs(60 << (times - 1).min(6)).min(LONGEST);
    let next_try = now + chrono_of(pause);
    let info = QuarantineInfo { reason: reason.clone(), last_errors, since: now, times, next_try };
    Standing {
        reason: Some(reason),
        quarantine: Some(info),
        relapse: None,
        watched_until: None,
        ..standing
    }
}

fn chrono_of(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).expect("it is hours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarantine_in_a_row_is_twice_as_long_up_to_an_hour() {
        let (mut standing, now) = (Standing::default(), DateTime::<Utc>::UNIX_EPOCH);
        let exhausted = || Exhausted { reason: "it broke".into(), last_errors: Vec::new() };
        let mut minutes = Vec::new();
        for _ in 0..8 {
            standing = quarantined(standing, exhausted(), now);
            let info = standing.quarantine.as_ref().unwrap();
            minutes.push((info.next_try - info.since).num_minutes());
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_quarantine_long_after_the_last_one_is_the_first_again() {
        let ended = DateTime::<Utc>::UNIX_EPOCH;
        let relapse = Some(Relapse { times: 5, ended });
        let standing = Standing { relapse, ..Standing::default() };
        let exhausted = || Exhausted { reason: "it broke".into(), last_errors: Vec::new() };
        let soon = quarantined(standing.clone(), exhausted(), ended + chrono_of(RELAPSE) / 2);
        let late = quarantined(standing, exhausted(), ended + chrono_of(RELAPSE) * 2);
        let times = |standing: Standing| standing.quarantine.unwrap().times;
        assert_eq!((times(soon), times(late)), (6, 1));
    }
}
