//! `cache`

use std::time::Duration;

use anyhow::bail;
use clap::{ArgGroup, Args, Subcommand};
use czo_telemetry::LogOptions;

use super::confirm::confirm_unless;
use super::output::{print, print_json, print_note, print_table};
use super::server::{ServerArgs, ServerClient};
use crate::cache::{
    CacheAdmin, EntryView, Forget, Forgotten, Kind, Place, StatsView, TierView, nothing_cached,
};
use crate::{CacheProvider, Config, RuntimeError};

/// How long Redis may take to answer a command that needs it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The options of `cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: CacheCommand,
}

/// Look into the cache, and make it forget.
#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// Show how much is in the cache of the server, and how often it had what was asked for
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is kept for a key; it loads nothing
    Get {
        /// The key
        key: String,
        /// Its namespace, such as `catalog/products`; without it, a key that is in none
        #[arg(long, value_name = "A/B")]
        namespace: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a key, keys that are alike, or a tag; what is forgotten is loaded again when needed
    Invalidate(Invalidate),
    /// Forget everything, as is needed after a backup of the database was restored
    Clear {
        /// Only this namespace and those within, such as `catalog`
        #[arg(long, value_name = "A/B")]
        namespace: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What is forgotten.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").args(["key", "pattern", "tag"]).required(true))]
struct Invalidate {
    /// The entry of this key
    #[arg(long)]
    key: Option<String>,
    /// The entries of all keys like this: `*` is any text, `?` any character
    #[arg(long)]
    pattern: Option<String>,
    /// The entries with this tag, in every namespace
    #[arg(long, conflicts_with = "namespace")]
    tag: Option<String>,
    /// The namespace of the key or pattern, such as `catalog/lists`; without it, keys that are in none
    #[arg(long, value_name = "A/B")]
    namespace: Option<String>,
}

/// Where a command finds the cache.
enum Cache {
    /// In the server.
    There(ServerClient),
    /// In Redis, or nowhere when it is off.
    Here { admin: CacheAdmin, redis: String },
}

impl CacheArgs {
    pub(super) async fn execute(self, config: &Config) -> anyhow::Result<()> {
        let cache = Cache::find(config, &self.server).await?;
        match self.command {
            CacheCommand::Stats { json } => {
                let stats = cache.stats().await?;
                if json {
                    return print_json(&stats);
                }
                show_stats(&stats);
                if matches!(cache, Cache::Here { .. }) && stats.linked.is_some() {
                    print_note(
                        "no server runs on this data folder: the numbers are those of this command",
                    );
                }
                Ok(())
            }
            CacheCommand::Get { key, namespace, json } => {
                let entry = cache.entry(namespace.as_deref(), &key).await?;
                if json { print_json(&entry) } else { show_entry(&entry) }
            }
            CacheCommand::Invalidate(Invalidate { key, pattern, tag, namespace }) => {
                cache.forget(Forget { key, pattern, tag, namespace, everything: false }).await
            }
            CacheCommand::Clear { namespace, yes } => {
                let meant = Forget { everything: true, namespace, ..Forget::default() };
                let question = format!("Forget {}?", meant.in_words());
                let what = "what is forgotten is read from the database again";
                confirm_unless(yes, &question, what)?;
                cache.forget(meant).await
            }
        }
    }
}

impl Cache {
    async fn find(config: &Config, args: &ServerArgs) -> anyhow::Result<Self> {
        if let Some(server) = ServerClient::find(config, args).await? {
            return Ok(Self::There(server));
        }
        let settings = &config.cache;
        if settings.provider == CacheProvider::Memory {
            return Err(RuntimeError::CacheInMemory.into());
        }
        czo_telemetry::install(&LogOptions { filter: "warn".to_owned(), ..config.log_options() })?;
        let admin = CacheAdmin::new(settings.open()?, settings);
        // Without its login.
        let redis = settings.url.as_ref().map(ToString::to_string).unwrap_or_default();
        if !admin.is_linked_within(PATIENCE).await {
            return Err(RuntimeError::CacheUnreachable { url: redis }.into());
        }
        Ok(Self::Here { admin, redis })
    }

    async fn stats(&self) -> anyhow::Result<StatsView> {
        match self {
            Self::There(server) => server.ask("/api/cache", &()).await,
            Self::Here { admin, .. } => Ok(admin.stats()),
        }
    }

    async fn entry(&self, namespace: Option<&str>, key: &str) -> anyhow::Result<EntryView> {
        let found = match self {
            Self::There(server) => {
                let key = [("key", key)].into_iter();
                let question: Vec<_> =
                    key.chain(namespace.map(|name| ("namespace", name))).collect();
                return server.ask("/api/cache/entry", &question).await;
            }
            Self::Here { admin, .. } => admin.entry(namespace, key).await?,
        };
        match found {
            Some(entry) => Ok(entry),
            None => bail!("{}", nothing_cached(namespace, key)),
        }
    }

    async fn forget(&self, meant: Forget) -> anyhow::Result<()> {
        let Forgotten { meant, told } = match self {
            Self::There(server) => server.order("/api/cache/invalidate", &meant).await?,
            Self::Here { admin, redis } => {
                let forgotten = admin.forget(meant).await?;
                if forgotten.told == Some(false) {
                    // Nobody else would tell it later.
                    return Err(RuntimeError::CacheUnreachable { url: redis.clone() }.into());
                }
                forgotten
            }
        };
        print(&format!("forgotten: {}", meant.in_words()));
        if told == Some(false) {
            print_note("Redis does not answer: other processes are told as soon as it does");
        }
        Ok(())
    }
}

fn show_stats(stats: &StatsView) {
    let provider = match stats.provider {
        CacheProvider::Memory => "memory",
        CacheProvider::Redis => "redis",
        CacheProvider::MemoryAndRedis => "memory_and_redis",
        CacheProvider::None => "none, the cache is off",
    };
    let link = match stats.linked {
        Some(true) => ", linked",
        Some(false) => ", Redis does not answer",
        None => "",
    };
    print(&format!("provider  {provider}{link}"));
    print(&format!("entries   {}", stats.entries));
    print(&format!("bytes     {}", stats.bytes));
    print(&format!("loading   {}", stats.loading));
    print(&format!("hits      {}", stats.hits_in_words()));
    print("");
    let tiers = &stats.tiers;
    let tiers = [("memory", tiers.memory), ("redis", tiers.redis), ("load", Some(tiers.loads))];
    let row = |(name, tier): (&str, Option<TierView>)| {
        let tier = tier?;
        let numbers = [tier.hits, tier.stale, tier.misses, tier.errors];
        let [hits, stale, misses, errors] = numbers.map(|number| number.to_string());
        Some([name.to_owned(), hits, stale, misses, errors])
    };
    let rows: Vec<_> = tiers.into_iter().filter_map(row).collect();
    print_table(["TIER", "HITS", "STALE", "MISSES", "ERRORS"], &rows);
}

fn show_entry(entry: &EntryView) -> anyhow::Result<()> {
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let found_in = match entry.found_in {
        Place::Memory => "the memory of the server",
        Place::Redis => "Redis",
    };
    let tags = (!entry.tags.is_empty()).then(|| entry.tags.join(", "));
    let lines = [
        ("key", Some(entry.key.clone())),
        ("namespace", entry.namespace.clone()),
        ("found in", Some(found_in.to_owned())),
        ("version", entry.version.map(|version| version.to_string())),
        ("tags", tags),
        ("age", entry.age_seconds.map(seconds)),
        ("fresh", Some(format!("for {}", seconds(entry.fresh_for_seconds)))),
        ("served", Some(format!("for {}", seconds(entry.served_for_seconds)))),
        ("kept", Some(format!("for {}", seconds(entry.kept_for_seconds)))),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            print(&format!("{name:<9} {value}"));
        }
    }
    let value = match entry.content {
        // A value that is null is none in the answer of a server.
        Kind::Value => serde_json::to_string_pretty(&entry.value)?,
        Kind::Absent => "none: it is known that there is nothing".to_owned(),
        Kind::Unreadable => "one that cannot be shown".to_owned(),
    };
    print(&format!("value     {value}"));
    Ok(())
}
