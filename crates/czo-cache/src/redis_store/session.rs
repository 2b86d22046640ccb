//! One connection's view of the cache in Redis.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use czo_redis::{Link, Script};
use fred::interfaces::KeysInterface;
use fred::types::Value;

use super::feed::Pump;
use super::{scripts, unexpected};
use crate::pattern::Pattern;
use crate::record;
use crate::slot::TOMBSTONE;
use crate::store::{Invalidation, LeaseReply, Record, StoreError, StoreSession};

/// How long Redis knows when a scope was invalidated. One that it has forgotten counts as invalidated
/// just now.
const SCOPE: Duration = Duration::from_hours(24);

/// How many keys one step of a search looks at. Redis does nothing else meanwhile.
const STEP: i64 = 500;

/// What all keys begin with.
#[derive(Clone, Debug)]
pub(super) struct Tag(Arc<str>);

impl Tag {
    pub(super) fn new(prefix: &str) -> Self {
        Self(format!("{{{prefix}}}").into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn notices(&self) -> String {
        format!("{}:notices", self.0)
    }

    pub(super) fn beats(&self, session: u64) -> String {
        format!("{}:beats:{session}", self.0)
    }
}

/// One connection's view of the cache in Redis.
pub(super) struct RedisSession {
    link: Link,
    tag: Tag,
    epoch: String,
    node: u64,
    id: u64,
    tokens: AtomicU64,
    _pump: Pump,
}

impl RedisSession {
    pub(super) fn new(link: Link, tag: Tag, epoch: String, node: u64, id: u64, pump: Pump) -> Self {
        // Tokens of two sessions never meet, since each begins at a number of its own.
        Self { link, tag, epoch, node, id, tokens: AtomicU64::new(id), _pump: pump }
    }

    async fn run(&self, script: &Script, arguments: Vec<Value>) -> Result<Value, StoreError> {
        let mut all = Vec::with_capacity(arguments.len() + 1);
        all.push(Value::from(self.epoch.as_str()));
        all.extend(arguments);
        Ok(self.link.run(script, self.tag.text(), all).await?)
    }

    async fn number(&self, script: &Script, arguments: Vec<Value>) -> Result<i64, StoreError> {
        let answer = self.run(script, arguments).await?;
        answer.as_i64().ok_or_else(|| unexpected("a number"))
    }

    fn entry(&self, key: &str) -> String {
        format!("{}:v:{}:{key}", self.tag.text(), self.epoch)
    }

    /// The generation since a script has told what was invalidated.
    async fn generation(&self, script: &Script, arguments: Vec<Value>) -> Result<u64, StoreError> {
        let generation = self.number(script, arguments).await?;
        u64::try_from(generation).map_err(|_| unexpected("a generation"))
    }

    /// Removes what matches, a few at a time. Leases first: what was loaded under one of them is not
    /// kept any more once the entries are looked through, or is there by then.
    async fn sweep(&self, pattern: &str) -> Result<(), StoreError> {
        let pattern = Pattern::new(pattern);
        for kind in ["l", "v"] {
            let prefix = format!("{}:{kind}:{}:", self.tag.text(), self.epoch);
            let matching = format!("{}{}", Pattern::exactly(&prefix).glob(), pattern.glob());
            let mut cursor = "0".to_owned();
            loop {
                let step = vec![cursor.into(), matching.clone().into(), STEP.into()];
                let found = self.run(&scripts::SCAN, step).await?;
                let (next, keys): (String, Vec<Bytes>) =
                    found.convert().map_err(|_| unexpected("a cursor and keys"))?;
                // Redis knows bytes, and finds some more; what is no text is nobody's here.
                let is_meant = |key: &Bytes| {
                    let key =
                        std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(&prefix));
                    key.is_some_and(|key| pattern.matches(key))
                };
                let meant: Vec<_> = keys.into_iter().filter(is_meant).map(Value::Bytes).collect();
                if !meant.is_empty() {
                    self.run(&scripts::REMOVE, meant).await?;
                }
                cursor = next;
                if cursor == "0" {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// What everybody is told.
fn told(what: &Invalidation) -> Result<Value, StoreError> {
    let told = serde_json::to_string(what).map_err(|error| StoreError::Refused(error.into()))?;
    Ok(told.into())
}

fn bytes(record: Vec<u8>) -> Value {
    Value::Bytes(Bytes::from(record))
}

fn millis(duration: Duration) -> Value {
    // Redis refuses what ends after the year 300,000,000; a hundred years are as good.
    let longest = Duration::from_hours(100 * 365 * 24);
    i64::try_from(duration.min(longest).as_millis()).unwrap_or(i64::MAX).into()
}

#[async_trait]
impl StoreSession for RedisSession {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let client = self.link.client();
        if let [key] = keys {
            return Ok(vec![self.link.ask(client.get(self.entry(key))).await?]);
        }
        let keys: Vec<_> = keys.iter().map(|key| self.entry(key)).collect();
        let number = keys.len();
        let found: Vec<Option<Bytes>> = self.link.ask(client.mget(keys)).await?;
        if found.len() == number { Ok(found) } else { Err(unexpected("as many entries")) }
    }

    async fn generations(&self, scopes: &[&str]) -> Result<Vec<u64>, StoreError> {
        let mut arguments = vec![millis(SCOPE)];
        arguments.extend(scopes.iter().map(|scope| Value::from(*scope)));
        let answer = self.run(&scripts::GENERATIONS, arguments).await?;
        let found: Vec<u64> = answer.convert().map_err(|_| unexpected("generations"))?;
        if found.len() == scopes.len() { Ok(found) } else { Err(unexpected("as many generations")) }
    }

    async fn lease(&self, key: &str, duration: Duration) -> Result<LeaseReply, StoreError> {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let arguments = vec![key.into(), token.to_string().into(), millis(duration)];
        let answer = self.run(&scripts::LEASE, arguments).await?;
        let answer: Vec<u64> = answer.convert().map_err(|_| unexpected("a lease"))?;
        Ok(match answer[..] {
            [generation, is_there] => {
                LeaseReply::Granted { token, generation, is_there: is_there == 1 }
            }
            _ => LeaseReply::Held,
        })
    }

    async fn extend(&self, key: &str, token: u64, duration: Duration) -> Result<bool, StoreError> {
        let arguments = vec![key.into(), token.to_string().into(), millis(duration)];
        Ok(self.number(&scripts::EXTEND, arguments).await? == 1)
    }

    async fn commit(&self, key: &str, token: u64, record: Record) -> Result<bool, StoreError> {
        let Record { bytes: record, keep_for, .. } = record;
        let arguments = vec![key.into(), token.to_string().into(), bytes(record), millis(keep_for)];
        Ok(self.number(&scripts::COMMIT, arguments).await? == 1)
    }

    async fn release(&self, key: &str, token: u64) -> Result<(), StoreError> {
        let arguments = vec![key.into(), token.to_string().into()];
        self.number(&scripts::RELEASE, arguments).await.map(|_| ())
    }

    async fn write(&self, records: Vec<(String, Record)>) -> Result<Vec<bool>, StoreError> {
        let keys = records.iter().map(|(key, _)| key.clone()).collect();
        let number = records.len();
        let mut arguments = vec![self.node.to_string().into(), self.id.to_string().into()];
        arguments.push(told(&Invalidation::Keys(keys))?);
        for (key, Record { bytes: record, keep_for, .. }) in records {
            arguments.extend([key.into(), bytes(record), millis(keep_for)]);
        }
        let answer = self.run(&scripts::WRITE, arguments).await?;
        let kept: Vec<i64> = answer.convert().map_err(|_| unexpected("which records are kept"))?;
        if kept.len() != number {
            return Err(unexpected("as many records"));
        }
        Ok(kept.into_iter().map(|kept| kept == 1).collect())
    }

    async fn invalidate(&self, what: &Invalidation) -> Result<u64, StoreError> {
        let mut arguments = vec![told(what)?];
        match what {
            Invalidation::Keys(keys) => {
                arguments.extend(keys.iter().map(|key| Value::from(key.as_str())));
                self.generation(&scripts::FORGET, arguments).await
            }
            Invalidation::Below(key, version) => {
                let tombstone = bytes(record::bound(Some(*version)));
                arguments.extend([key.as_str().into(), tombstone, millis(TOMBSTONE)]);
                self.generation(&scripts::BELOW, arguments).await
            }
            Invalidation::Scope(scope) => {
                arguments.extend([scope.as_str().into(), millis(SCOPE)]);
                self.generation(&scripts::SCOPE, arguments).await
            }
            Invalidation::Pattern(pattern) => {
                self.sweep(pattern).await?;
                // After it: what others have read meanwhile was perhaps not removed yet.
                self.generation(&scripts::FORGET, arguments).await
            }
        }
    }

    async fn beat(&self, number: u64) -> Result<(), StoreError> {
        let (node, id) = (self.node.to_string(), self.id.to_string());
        let arguments = vec![node.into(), id.into(), number.to_string().into()];
        self.number(&scripts::BEAT, arguments).await.map(|_| ())
    }
}

impl fmt::Debug for RedisSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSession").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
