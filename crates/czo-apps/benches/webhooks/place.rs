//! An empty schema with shops for the measurement, which is gone afterwards.

use std::error::Error;
use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;
use czo_apps::{
    AppWebhookId, DispatcherHandle, InstallationId, Signer, SigningKeys, SigningSecret,
    WebhookDispatcher, WebhookStaging,
};
use czo_core::{Event, EventFactory, RequestContext, ShopId, SystemClock, SystemIds};
use czo_fetch::{FetchOptions, Fetcher};
use czo_outbox::{Outbox, OutboxOptions, StagedEvent};
use czo_repo::{Database, DatabaseError, DatabaseOptions};
use czo_testkit::TestDatabase;
use schemars::JsonSchema;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::receiver::Receiver;

/// How many write at once at most.
pub(crate) const WRITERS: usize = 16;

/// An order was placed.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("bench.order.placed", version = 1, key = "order")]
pub(crate) struct Placed {
    order: String,
    currency: String,
    total: i64,
    number: u64,
}

/// A schema with the tables of this benchmark.
pub(crate) struct Place {
    /// As it is delivered: the commit of who publishes waits for the disk.
    pub(crate) database: Database,
    pub(crate) secret: SigningSecret,
    pub(crate) staging: WebhookStaging,
    outbox: Outbox,
    events: EventFactory,
}

/// Signs everything with one secret.
struct OneSecret(SigningSecret);

#[async_trait]
impl SigningKeys for OneSecret {
    async fn signer(
        &self,
        _: InstallationId,
        _: AppWebhookId,
    ) -> Result<Signer, Box<dyn Error + Send + Sync>> {
        Ok(Signer::new(self.0.clone()))
    }
}

pub(crate) async fn on_postgres(work: impl AsyncFnOnce(Place) -> Result<()>) -> Result<()> {
    let mut outcome = None;
    let run = TestDatabase::postgres().await;
    run.run(async |database| outcome = Some(within(&database, work).await)).await;
    outcome.context("the work has ended")?
}

async fn within(test: &TestDatabase, work: impl AsyncFnOnce(Place) -> Result<()>) -> Result<()> {
    let url = std::env::var("CZO_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let schema = test.options().schema.clone().context("tests have schemas of their own")?;
    let connections = u32::try_from(WRITERS)? + 6;
    let options = DatabaseOptions::new(url.parse()?).schema(schema).max_connections(connections);
    let database = Database::connect(&options).await?;
    let sets = vec![czo_migrations::outbox(), czo_migrations::apps(), czo_migrations::webhooks()];
    czo_migrations::Migrator::new(sets).up(&database).await?;
    let staging = WebhookStaging::new(&database);
    let outbox = Outbox::new(&database, OutboxOptions::default());
    outbox.also(Arc::new(staging.clone()));
    let place = Place {
        database: database.clone(),
        secret: SigningSecret::generate()?,
        staging,
        outbox,
        events: EventFactory::new("bench", Arc::new(SystemClock), Arc::new(SystemIds)),
    };
    let outcome = work(place).await;
    database.close().await?;
    outcome
}

impl Place {
    /// A shop whose events go to one webhook at each of these URLs.
    pub(crate) async fn shop(&self, urls: &[String]) -> Result<ShopId> {
        let shop = ShopId::generate(&SystemIds);
        for url in urls {
            self.webhook(shop, url).await?;
        }
        Ok(shop)
    }

    async fn webhook(&self, shop: ShopId, url: &str) -> Result<()> {
        let (webhook, app) =
            (AppWebhookId::generate(&SystemIds), InstallationId::generate(&SystemIds));
        let definition = json!({
            "identifier": "orders", "events": ["bench.#"], "targetUrl": url, "mode": "async",
        });
        let now = self.database.now();
        let values: [Value; 7] = [
            app.uuid().into(),
            shop.uuid().into(),
            app.to_string().into(),
            json!({}).into(),
            json!([]).into(),
            now.into(),
            now.into(),
        ];
        let install = "INSERT INTO app_installation (id, shop_id, identifier, status, manifest, \
                       granted, created_at, updated_at, version) \
                       VALUES ($1, $2, $3, 'enabled', $4, $5, $6, $7, 1)";
        self.run(install, values).await?;
        let values: [Value; 4] =
            [webhook.uuid().into(), app.uuid().into(), shop.uuid().into(), definition.into()];
        let insert = "INSERT INTO app_webhook (id, app_id, shop_id, identifier, definition, \
                      is_active) VALUES ($1, $2, $3, 'orders', $4, TRUE)";
        self.run(insert, values).await?;
        let topic = "INSERT INTO app_webhook_topic (webhook_id, event_type) \
                     VALUES ($1, 'bench.order.placed')";
        self.run(topic, [webhook.uuid().into()]).await
    }

    /// Commits a transaction with so many events, numbered from `first`.
    pub(crate) async fn publish(
        &self,
        shop: ShopId,
        first: u64,
        count: u64,
    ) -> Result<(), DatabaseError> {
        let ctx = RequestContext::system(&SystemIds).for_shop(shop);
        self.database
            .transaction(async |tx| {
                for number in first..first + count {
                    let order = format!("order_{number}");
                    let placed = Placed { order, currency: "EUR".to_owned(), total: 1_999, number };
                    let event = StagedEvent::of(&self.events, &ctx, &placed);
                    let event = event.expect("texts and numbers have a JSON form");
                    self.outbox.publish(tx, event);
                }
                Ok(())
            })
            .await
    }

    /// A dispatcher as it is delivered, but for the connections: here all receivers are one host.
    pub(crate) fn dispatch(&self, receiver: &Receiver) -> Result<DispatcherHandle> {
        let keys = Arc::new(OneSecret(self.secret.clone()));
        let mut options = FetchOptions::default();
        options.allow.push(format!("127.0.0.1:{}", receiver.port()).parse()?);
        options.allow.push("127.0.0.1:1".parse()?);
        options.idle_per_host = 128;
        Ok(WebhookDispatcher::new(&self.staging, Fetcher::new(options), keys).spawn())
    }

    /// Whether something is on its way.
    pub(crate) async fn has_waiting(&self) -> Result<bool> {
        self.ask("SELECT EXISTS (SELECT 1 FROM webhook_delivery)").await
    }

    /// How many were delivered.
    pub(crate) async fn delivered(&self) -> Result<i64> {
        self.ask("SELECT count(*) FROM webhook_log WHERE state = 3").await
    }

    pub(crate) async fn ask<T: sea_orm::TryGetable>(&self, sql: &str) -> Result<T> {
        let row = self.database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql));
        Ok(row.await?.context("an answer")?.try_get_by_index(0)?)
    }

    async fn run(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<()> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        self.database.execute_raw(statement).await?;
        Ok(())
    }

    /// Empties what the measurement before has left.
    pub(crate) async fn settle(&self) -> Result<()> {
        for statement in [
            "TRUNCATE webhook_delivery, webhook_log, webhook_attempt, webhook_endpoint_state, \
             app_webhook, app_webhook_topic, outbox_event",
            "VACUUM ANALYZE webhook_delivery",
            "CHECKPOINT",
        ] {
            self.database.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
