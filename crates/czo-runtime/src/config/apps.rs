//! The sections `apps` and `webhooks` of the configuration.

use std::time::Duration;

use czo_apps::{DispatcherOptions, HttpUrl, VaultKey};
use czo_fetch::{AllowedHost, FetchOptions};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::ConfigError;
use super::error::wrong;

/// `[apps]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AppsConfig {
    /// What secrets of apps are sealed with: 32 bytes in base64 each, such as `openssl rand -base64
    /// 32` makes. The first seals, all open. Default: a key that the first start makes in
    /// `data_dir`, which is good for one server; several on one database need the same.
    #[serde(skip_serializing, deserialize_with = "vault_keys")]
    pub vault_keys: Vec<VaultKey>,
    /// Where apps reach this czo, `https://api.shop.example`; they are told when they are installed.
    /// Default: where the server listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<HttpUrl>,
    /// Where the dashboard is: no app is shown from there. Default none.
    pub dashboard_urls: Vec<HttpUrl>,
    /// Hosts of apps that need neither `https` nor be on the public internet, each with its port:
    /// `127.0.0.1:4100`, for the development of an app. Default none.
    pub allow: Vec<AllowedHost>,
    /// How many days the token of an app is good for. Default 90.
    pub token_days: u32,
    /// How long each exchange with an app may take while it is installed, in seconds. Default 10. All
    /// of them together take five sixths of `server.request_timeout_seconds` at most, 25 seconds by
    /// default, so that whoever waits for an installation is told what the app has not answered.
    pub timeout_seconds: u64,
}

/// `[webhooks]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebhooksConfig {
    /// Whether a server of this configuration sends what is to be delivered. Default yes. Somebody
    /// must, or it waits for ever.
    pub dispatch: bool,
    /// How many deliveries are under way at once. Default 512.
    pub concurrency: usize,
    /// How many of them to one webhook, of all servers together. Default 8.
    pub per_endpoint: usize,
    /// How long one exchange may take, in seconds. Default 15.
    pub timeout_seconds: u64,
    /// How long to wait before each attempt, in seconds, each a fifth more or less: as many attempts
    /// as numbers. Default, as Standard Webhooks recommends: 0, 5, 300, 1800, 7200, 18000, 36000,
    /// 50400, 72000, 86400.
    pub schedule_seconds: Vec<u64>,
    /// How many days what was delivered stays in the log. Default 7.
    pub keep_log_days: u32,
    /// How many days what was given up stays, and can be sent again. Default 30.
    pub keep_dead_days: u32,
}

/// The longest wait before an attempt, in seconds: 30 days.
const LONGEST_WAIT: u64 = 30 * 24 * 3_600;

/// The longest time for an exchange while an app is installed, in seconds.
const LONGEST_TIMEOUT: u64 = 600;

impl Default for AppsConfig {
    fn default() -> Self {
        Self {
            vault_keys: Vec::new(),
            api_url: None,
            dashboard_urls: Vec::new(),
            allow: Vec::new(),
            token_days: 90,
            timeout_seconds: 10,
        }
    }
}

impl AppsConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.timeout_seconds > LONGEST_TIMEOUT {
            true => Err(wrong("apps.timeout_seconds", "expected at most 600 seconds")),
            false => Ok(()),
        }
    }

    pub(crate) fn token_lifetime(&self) -> Duration {
        days(self.token_days)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// How apps are reached.
    pub(crate) fn fetch_options(&self, webhooks: &WebhooksConfig) -> FetchOptions {
        let mut options = FetchOptions::default();
        options.allow.clone_from(&self.allow);
        options.idle_per_host = webhooks.per_endpoint;
        options
    }
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        let defaults = DispatcherOptions::default();
        Self {
            dispatch: true,
            concurrency: defaults.concurrency,
            per_endpoint: defaults.per_endpoint,
            timeout_seconds: defaults.deadline.as_secs(),
            schedule_seconds: defaults.schedule.iter().map(Duration::as_secs).collect(),
            keep_log_days: 7,
            keep_dead_days: 30,
        }
    }
}

impl WebhooksConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.schedule_seconds.iter().any(|wait| *wait > LONGEST_WAIT) {
            let message = "expected waits of at most 2592000 seconds, 30 days";
            return Err(wrong("webhooks.schedule_seconds", message));
        }
        if self.schedule_seconds.is_empty() || self.schedule_seconds.len() > 50 {
            let message = "expected 1 to 50 numbers, a wait before each attempt: `[0, 5, 300]`";
            return Err(wrong("webhooks.schedule_seconds", message));
        }
        Ok(())
    }

    pub(crate) fn dispatcher_options(&self) -> DispatcherOptions {
        let mut options = DispatcherOptions::default();
        options.concurrency = self.concurrency;
        options.per_endpoint = self.per_endpoint;
        options.deadline = Duration::from_secs(self.timeout_seconds);
        options.schedule = self.schedule_seconds.iter().copied().map(Duration::from_secs).collect();
        options.keep_log = days(self.keep_log_days);
        options.keep_dead = days(self.keep_dead_days);
        options
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3_600)
}

/// Several keys, or one. What is no key is not repeated.
fn vault_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<VaultKey>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Keys {
        Several(Vec<String>),
        One(String),
    }
    let expected = "expected keys of 32 bytes in base64, such as `openssl rand -base64 32` makes";
    let keys = match Keys::deserialize(deserializer) {
        Ok(Keys::Several(keys)) => keys,
        Ok(Keys::One(key)) => vec![key],
        Err(_) => return Err(D::Error::custom(expected)),
    };
    let keys = keys.iter().map(|key| key.parse::<VaultKey>());
    keys.collect::<Result<_, _>>().map_err(|_| D::Error::custom(expected))
}
