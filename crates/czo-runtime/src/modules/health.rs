//! Modules in the health report.

use async_trait::async_trait;
use czo_core::{Classified, Health, HealthCheck, RequestContext, SystemIds, describe};
use czo_modules::{ModuleStatus, ModuleSummary};

use super::ProgramModules;

/// How many modules serve, and which want something of somebody.
#[derive(Clone, Debug)]
pub(crate) struct ModulesHealth(pub(super) ProgramModules);

#[async_trait]
impl HealthCheck for ModulesHealth {
    fn name(&self) -> &str {
        "modules"
    }

    async fn check(&self) -> Health {
        let modules = match &self.0 {
            ProgramModules::Open(modules) => modules,
            ProgramModules::Off => return Health::up().with_detail("switched off"),
            ProgramModules::Broken(reason) => return Health::degraded(reason.to_string()),
        };
        match modules.list(&RequestContext::system(&SystemIds)).await {
            Ok(modules) => verdict(&modules),
            Err(error) => {
                tracing::warn!(error = describe(&error), "modules cannot be listed");
                // What needs no modules goes on.
                Health::degraded(match error.is_retryable() {
                    true => error.to_string(),
                    false => "modules cannot be listed: see the log".to_owned(),
                })
            }
        }
    }
}

fn verdict(modules: &[ModuleSummary]) -> Health {
    let of = |status: ModuleStatus| {
        let these = modules.iter().filter(move |module| module.status == status);
        these.map(|module| module.name.to_string()).collect::<Vec<_>>()
    };
    let enabled = of(ModuleStatus::Enabled).len();
    let mut detail = format!("installed: {}, enabled: {enabled}", modules.len());
    let mut is_well = true;
    for (what, names) in
        [("failed", of(ModuleStatus::Failed)), ("quarantined", of(ModuleStatus::Quarantined))]
    {
        if !names.is_empty() {
            is_well = false;
            detail.push_str(&format!(", {what}: {}", names.join(", ")));
        }
    }
    let waiting = modules.iter().filter(|module| module.waits_for_consent.is_some()).count();
    if waiting > 0 {
        detail.push_str(&format!(", waiting for consent: {waiting}"));
    }
    match is_well {
        true => Health::up().with_detail(detail),
        false => Health::degraded(format!("{detail}; see `czo module list`")),
    }
}

#[cfg(test)]
mod tests {
    use czo_core::HealthStatus;

    use super::*;

    fn module(name: &str, status: ModuleStatus) -> ModuleSummary {
        ModuleSummary {
            name: name.parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            status,
            source: "./x".to_owned(),
            waits_for_consent: None,
            compatible: true,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_module_that_failed_wants_looking_at_and_one_that_is_disabled_does_not() {
        let well = [module("a", ModuleStatus::Enabled), module("b", ModuleStatus::Disabled)];
        let health = verdict(&well);
        assert_eq!(health.status, HealthStatus::Up);
        assert_eq!(health.detail.as_deref(), Some("installed: 2, enabled: 1"));
        let health = verdict(&[module("a", ModuleStatus::Quarantined)]);
        assert_eq!(health.status, HealthStatus::Degraded);
        assert!(health.detail.unwrap().contains("quarantined: a; see `czo module"));
    }
}
