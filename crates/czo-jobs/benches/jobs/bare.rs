//! The same through apalis, by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use apalis::prelude::*;
use apalis_postgres::{Config, PgPool, PostgresStorage};
use czo_repo::{Database, DatabaseOptions};
use sea_orm::ConnectionTrait;

use crate::BATCH;

/// A database with the tables of apalis, which are in a schema of a fixed name.
pub(crate) struct Bare {
    pool: PgPool,
    admin: Database,
    name: String,
}

impl Bare {
    pub(crate) async fn start() -> Result<Self> {
        let url = std::env::var("CZO_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let admin = Database::connect(&DatabaseOptions::new(url.parse()?)).await?;
        let name = format!("czo_bench_apalis_{}", std::process::id());
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        let (server, _) = url.rsplit_once('/').context("a URL with a database")?;
        // As ours, which waits for no disk in tests.
        let pool =
            PgPool::connect(&format!("{server}/{name}?options=-c%20synchronous_commit%3Doff"))
                .await?;
        PostgresStorage::setup(&pool).await?;
        Ok(Self { pool, admin, name })
    }

    /// Enqueues and runs so many jobs.
    pub(crate) async fn turn(&self, jobs: usize, round: usize) -> Result<Duration> {
        let config = Config::default().queue(format!("bench-{round}")).batch_size(BATCH);
        let backend = PostgresStorage::<usize>::new(&self.pool).with_config(config);
        let mut producer = backend.clone();
        let called = Arc::new(AtomicUsize::new(0));
        let counted = called.clone();
        let handler = move |_: usize| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<(), BoxDynError>(()))
        };
        let worker = WorkerBuilder::new(format!("bench-{round}"))
            .backend(backend)
            .parallelize(tokio::spawn)
            .build(handler);
        let running = tokio::spawn(worker.run());
        let start = Instant::now();
        for first in (0..jobs).step_by(BATCH) {
            let batch: Vec<_> = (first..(first + BATCH).min(jobs)).collect();
            producer.push_bulk(batch).await?;
        }
        while called.load(Ordering::Relaxed) < jobs {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let took = start.elapsed();
        running.abort();
        Ok(took)
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.pool.close().await;
        self.admin.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?;
        Ok(())
    }
}
