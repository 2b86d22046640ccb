//! Jobs through Redis: the queue of czo, and the same through apalis by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use apalis::prelude::*;
use apalis_redis::{Config, RedisStorage};
use czo_core::{IdGenerator, SystemIds};
use czo_jobs::{RedisJobs, RedisOptions};
use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::{Builder, ClusterHash, ConnectHandle, CustomCommand};

use crate::BATCH;

/// A queue of czo with a prefix of its own, and queues of apalis that begin the same.
pub(crate) struct Redis {
    pub(crate) jobs: RedisJobs,
    url: String,
    prefix: String,
    client: Client,
    task: ConnectHandle,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Redis {
    pub(crate) async fn connect() -> Result<Self> {
        let url = std::env::var("CZO_TEST_REDIS_URL")
            .unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
        let prefix = format!("czo-bench-{}", SystemIds.uuid_v7().simple());
        let jobs = RedisJobs::connect(RedisOptions::new(url.parse()?).prefix(&prefix)).await?;
        let config = fred::types::config::Config::from_url(&url)?;
        let client = Builder::from_config(config).build()?;
        let task = client.init().await?;
        Ok(Self { jobs, url, prefix, client, task })
    }

    /// Enqueues and runs so many jobs through apalis.
    pub(crate) async fn bare_turn(&self, jobs: usize) -> Result<Duration> {
        let queue = format!("{}-{}", self.prefix, SystemIds.uuid_v7().simple());
        let config = Config::default().queue(&queue).batch_size(BATCH);
        let connection = apalis_redis::connect(self.url.as_str()).await?;
        let backend = RedisStorage::<usize, _>::new(connection).with_config(config);
        let mut producer = backend.clone();
        let called = Arc::new(AtomicUsize::new(0));
        let counted = called.clone();
        let handler = move |_: usize| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<(), BoxDynError>(()))
        };
        let worker =
            WorkerBuilder::new(queue).backend(backend).parallelize(tokio::spawn).build(handler);
        let start = Instant::now();
        let load = async {
            for first in (0..jobs).step_by(BATCH) {
                producer.push_bulk((first..(first + BATCH).min(jobs)).collect()).await?;
            }
            while called.load(Ordering::Relaxed) < jobs {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            Ok(start.elapsed())
        };
        // Its future can't be spawned; what it runs it spawns itself.
        tokio::select! {
            ended = worker.run() => bail!("the worker ended: {ended:?}"),
            took = load => took,
        }
    }

    /// Deletes what was left, in small steps.
    pub(crate) async fn clear(&self) -> Result<()> {
        let command = |name| CustomCommand::new_static(name, ClusterHash::FirstKey, false);
        let pattern = format!("*{}*", self.prefix);
        let mut cursor = "0".to_owned();
        loop {
            let scan = vec![cursor.as_str(), "MATCH", &pattern, "COUNT", "1000"];
            let (next, keys): (String, Vec<String>) =
                self.client.custom(command("SCAN"), scan).await?;
            if !keys.is_empty() {
                let _: u32 = self.client.custom(command("UNLINK"), keys).await?;
            }
            cursor = next;
            if cursor == "0" {
                return Ok(());
            }
        }
    }
}
