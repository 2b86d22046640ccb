//! What a manifest grants, compared with another.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::{Endpoint, Limits, ModuleManifest, OnHookFailure};

/// What one version of a module may do and another may not: what is shown before an update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GrantsDiff {
    /// What the new version may do and the old one may not.
    pub added: BTreeSet<Grant>,
    /// What the old version may do and the new one may not.
    pub removed: BTreeSet<Grant>,
}

/// One thing that a module may do, or that is done with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "what", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Grant {
    /// It sends requests to this host.
    Http(String),
    /// It reads this environment variable.
    Env(String),
    /// It has tables.
    Sql,
    /// It keeps values by key.
    Kv,
    /// It publishes events of this type.
    Publish(String),
    /// It is told of events that match this pattern.
    Subscribe(String),
    /// It calls this service.
    CallService(String),
    /// It offers this service to other modules.
    OfferService(String),
    /// It takes part in this operation, in this phase.
    Hook(String),
    /// It can make this operation fail by failing itself.
    HookFailsClosed(String),
    /// It answers this route to who has a token; with a permission, to who has that.
    Endpoint(String),
    /// It answers this route to everybody.
    PublicEndpoint(String),
    /// It does this work by itself, at these times.
    Schedule(String),
    /// It has pages in the dashboard.
    Dashboard,
    /// One call of it may use as much as this.
    Limit(Limit),
}

/// How much of something one call may use. As a grant it covers less of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limit {
    /// Milliseconds of computing.
    CpuMs(u32),
    /// Milliseconds in all.
    WallMs(u32),
    /// MiB of memory.
    MemoryMib(u32),
    /// Requests.
    HttpRequests(u32),
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(host) => write!(f, "sends requests to {host}"),
            Self::Env(name) => write!(f, "reads the environment variable {name}"),
            Self::Sql => f.write_str("has tables of its own"),
            Self::Kv => f.write_str("keeps values by key"),
            Self::Publish(event) => write!(f, "publishes {event}"),
            Self::Subscribe(pattern) => write!(f, "is told of {pattern}"),
            Self::CallService(name) => write!(f, "calls the service {name}"),
            Self::OfferService(name) => write!(f, "offers the service {name}"),
            Self::Hook(hook) => write!(f, "takes part in {hook}"),
            Self::HookFailsClosed(hook) => write!(f, "makes {hook} fail when it fails"),
            Self::Endpoint(route) => write!(f, "answers {route}"),
            Self::PublicEndpoint(route) => write!(f, "answers {route} to everybody"),
            Self::Schedule(job) => write!(f, "does {job}"),
            Self::Dashboard => f.write_str("has pages in the dashboard"),
            Self::Limit(Limit::CpuMs(most)) => write!(f, "computes for up to {most} ms a call"),
            Self::Limit(Limit::WallMs(most)) => write!(f, "takes up to {most} ms a call"),
            Self::Limit(Limit::MemoryMib(most)) => write!(f, "uses up to {most} MiB"),
            Self::Limit(Limit::HttpRequests(most)) => {
                write!(f, "sends up to {most} requests a call")
            }
        }
    }
}

/// Everything that a manifest grants.
#[must_use]
pub fn grants(manifest: &ModuleManifest) -> BTreeSet<Grant> {
    let permissions = &manifest.permissions;
    let mut grants = BTreeSet::new();
    grants.extend(permissions.http.iter().cloned().map(Grant::Http));
    grants.extend(permissions.env.iter().cloned().map(Grant::Env));
    grants.extend(permissions.sql.then_some(Grant::Sql));
    grants.extend(permissions.kv.then_some(Grant::Kv));
    grants.extend(permissions.events.iter().cloned().map(Grant::Publish));
    grants.extend(permissions.services.iter().cloned().map(Grant::CallService));
    grants.extend(manifest.subscriptions.iter().map(|s| Grant::Subscribe(s.events.clone())));
    grants.extend(manifest.services.iter().map(|s| Grant::OfferService(s.name.clone())));
    for hook in &manifest.hooks {
        let name = format!("{} ({})", hook.point, hook.phase);
        if hook.on_failure == OnHookFailure::Closed {
            grants.insert(Grant::HookFailsClosed(name.clone()));
        }
        grants.insert(Grant::Hook(name));
    }
    grants.extend(manifest.endpoints.iter().map(endpoint));
    for job in &manifest.jobs {
        let schedule = job.schedule.as_ref();
        grants.extend(schedule.map(|at| Grant::Schedule(format!("{} at {at}", job.name))));
    }
    grants.extend(manifest.dashboard.is_some().then_some(Grant::Dashboard));
    let Limits { cpu_ms, wall_ms, memory_mib, http_requests } = manifest.limits;
    let limits = [
        Limit::CpuMs(cpu_ms),
        Limit::WallMs(wall_ms),
        Limit::MemoryMib(memory_mib),
        Limit::HttpRequests(http_requests),
    ];
    grants.extend(limits.map(Grant::Limit));
    grants
}

fn endpoint(endpoint: &Endpoint) -> Grant {
    let route = format!("{} {}", endpoint.method, endpoint.path);
    match &endpoint.permission {
        _ if endpoint.public => Grant::PublicEndpoint(route),
        Some(permission) => Grant::Endpoint(format!("{route} with {permission}")),
        None => Grant::Endpoint(route),
    }
}

impl GrantsDiff {
    /// What changes from `old` to `new`. What one grant of the old version covered already, such as a
    /// host below `*.example.com` or a lower limit, is not new.
    #[must_use]
    pub fn between(old: &ModuleManifest, new: &ModuleManifest) -> Self {
        let (old, new) = (grants(old), grants(new));
        let beyond = |these: &BTreeSet<Grant>, those: &BTreeSet<Grant>| {
            let is_covered = |grant: &&Grant| those.iter().any(|other| other.covers(grant));
            these.iter().filter(|grant| !is_covered(grant)).cloned().collect()
        };
        Self { added: beyond(&new, &old), removed: beyond(&old, &new) }
    }

    /// Whether the new version may do something that the old one may not: an update waits until
    /// somebody has agreed then.
    #[must_use]
    pub fn widens(&self) -> bool {
        !self.added.is_empty()
    }
}

impl Grant {
    /// Whether who may do this may do `other` too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Http(one), Self::Http(other)) => covers_host(one, other),
            (Self::Limit(one), Self::Limit(other)) => match (one, other) {
                (Limit::CpuMs(one), Limit::CpuMs(other))
                | (Limit::WallMs(one), Limit::WallMs(other))
                | (Limit::MemoryMib(one), Limit::MemoryMib(other))
                | (Limit::HttpRequests(one), Limit::HttpRequests(other)) => one >= other,
                _ => false,
            },
            // Who let everybody in lets in who has a token.
            (Self::PublicEndpoint(one), Self::Endpoint(other)) => {
                other == one || other.starts_with(&format!("{one} with "))
            }
            // Who let in whoever has a token lets in those of them that have a permission.
            (Self::Endpoint(one), Self::Endpoint(other)) => {
                other == one || other.starts_with(&format!("{one} with "))
            }
            _ => self == other,
        }
    }
}

/// Whether `*.example.com:443` or `example.com` covers another of this kind.
fn covers_host(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let split = |host: &str| match host.split_once(':') {
        Some((name, port)) => (name.to_owned(), Some(port.to_owned())),
        None => (host.to_owned(), None),
    };
    let ((one, one_port), (other, other_port)) = (split(one), split(other));
    let below = one.strip_prefix('*').is_some_and(|end| other.ends_with(end));
    one_port == other_port && below
}
