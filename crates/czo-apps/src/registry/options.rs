//! What a registry is made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_core::{Clock, IdGenerator, PermissionService};
use czo_outbox::Outbox;
use czo_repo::Database;

use crate::{AppManifest, AppTransport, ExchangeLimits, HttpUrl, ManifestRules, Vault};

/// What a registry works with.
#[derive(Debug)]
pub struct RegistryParts {
    /// Where apps are kept.
    pub database: Database,
    /// Where their events go, in the same database.
    pub outbox: Outbox,
    /// Who may do what.
    pub permissions: Arc<dyn PermissionService>,
    /// By which tokens and secrets expire.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGenerator>,
    /// What encrypts secrets and configurations.
    pub vault: Vault,
    /// What manifests are held to.
    pub rules: ManifestRules,
    /// How apps are reached.
    pub transport: Arc<dyn AppTransport>,
}

/// How a registry works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistryOptions {
    /// Where apps reach this czo; they are told.
    pub api_url: HttpUrl,
    /// How long each exchange with an app may take: the manifest, the challenge and the token.
    /// Default: 10 seconds.
    pub deadline: Duration,
    /// How long all exchanges of one call may take together, whatever each may: less than the caller
    /// waits, who is told then what was waited for. Default: 25 seconds.
    pub total_deadline: Duration,
    /// How long a token is good for. Default: 90 days.
    pub token_lifetime: Duration,
    /// After how long an installation that was never finished is given up. Default: 10 minutes; at
    /// least twice the total deadline.
    pub give_up: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The largest answer of an app in the handshake, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

impl RegistryOptions {
    /// The defaults, for a czo that apps reach at this URL.
    #[must_use]
    pub fn new(api_url: HttpUrl) -> Self {
        Self {
            api_url,
            deadline: Duration::from_secs(10),
            total_deadline: Duration::from_secs(25),
            token_lifetime: DAY * 90,
            give_up: Duration::from_secs(600),
        }
    }

    /// Gives each exchange with an app this long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Gives all exchanges of one call this long together.
    #[must_use]
    pub fn total_deadline(mut self, deadline: Duration) -> Self {
        self.total_deadline = deadline;
        self
    }

    /// Makes tokens that are good for this long.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Gives up an installation that was not finished for this long.
    #[must_use]
    pub fn give_up(mut self, after: Duration) -> Self {
        self.give_up = after;
        self
    }

    /// What a call that begins now may take of the apps' time.
    pub(super) fn patience(&self) -> Patience {
        Patience { each: self.deadline, until: Instant::now() + self.total_deadline }
    }

    /// One that is still under way is never taken for one that was cut off.
    pub(super) fn give_up_after(&self) -> Duration {
        self.give_up.max(self.total_deadline * 2)
    }
}

/// How long the exchanges of one call may take, each and together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    each: Duration,
    until: Instant,
}

impl Patience {
    pub(super) fn of_manifest(self) -> ExchangeLimits {
        self.limits(AppManifest::MAX_BYTES)
    }

    pub(super) fn of_handshake(self) -> ExchangeLimits {
        self.limits(MAX_ANSWER)
    }

    fn limits(self, max_bytes: usize) -> ExchangeLimits {
        let left = self.until.saturating_duration_since(Instant::now());
        ExchangeLimits { deadline: self.each.min(left), max_bytes }
    }
}
