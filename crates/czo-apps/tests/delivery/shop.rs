//! A shop with apps, where something happens.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use czo_apps::{
    AppWebhookId, DispatcherHandle, DispatcherOptions, InstallationId, Signer, SignerKey,
    SigningKeys, SigningSecret, WebhookDispatcher, WebhookStaging,
};
use czo_core::{Event, EventFactory, RequestContext, ShopId, SystemClock, SystemIds};
use czo_outbox::{Outbox, OutboxOptions, StagedEvent};
use czo_repo::{DatabaseError, UnitOfWork};
use czo_testkit::TestDatabase;
use schemars::JsonSchema;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::receiver::{LONG, Receiver};

/// Something happened to a thing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.thing.changed", version = 1, key = "thing")]
pub(crate) struct Changed {
    pub(crate) thing: String,
    pub(crate) number: i64,
}

/// Signs with what the test says.
pub(crate) struct Keys {
    pub(crate) keys: Mutex<Option<Vec<SignerKey>>>,
    /// Whether it panics the next time.
    pub(crate) panics: AtomicBool,
    /// Whether it never says anything.
    pub(crate) hangs: AtomicBool,
}

#[async_trait]
impl SigningKeys for Keys {
    async fn signer(
        &self,
        _: InstallationId,
        _: AppWebhookId,
    ) -> Result<Signer, Box<dyn Error + Send + Sync>> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let keys = self.keys.lock().unwrap().clone().ok_or("there is no key yet")?;
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as the test wants it");
        Ok(Signer::of(keys)?)
    }
}

/// A shop with apps.
pub(crate) struct Shop {
    pub(crate) database: czo_repo::Database,
    pub(crate) staging: WebhookStaging,
    pub(crate) outbox: Outbox,
    pub(crate) id: ShopId,
    pub(crate) keys: Arc<Keys>,
    pub(crate) secret: SigningSecret,
}

impl Shop {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        let sets =
            vec![czo_migrations::outbox(), czo_migrations::apps(), czo_migrations::webhooks()];
        czo_migrations::Migrator::new(sets).up(database).await.unwrap();
        let secret = SigningSecret::generate().unwrap();
        let shop = Self {
            database: database.database(),
            staging: WebhookStaging::new(database),
            outbox: Outbox::new(&database.database(), OutboxOptions::default()),
            id: ShopId::generate(&SystemIds),
            keys: Arc::new(Keys {
                keys: Mutex::new(Some(vec![secret.clone().into()])),
                panics: AtomicBool::default(),
                hangs: AtomicBool::default(),
            }),
            secret,
        };
        shop.outbox.also(Arc::new(shop.staging.clone()));
        shop
    }

    /// The same shop, in another process.
    pub(crate) fn elsewhere(&self) -> WebhookStaging {
        WebhookStaging::new(&self.database)
    }

    pub(crate) async fn run(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> u64 {
        let backend = self.database.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.database.execute_raw(statement).await.unwrap().rows_affected()
    }

    /// An app's webhook at a URL, with more of its definition.
    pub(crate) async fn webhook(&self, url: &str, more: serde_json::Value) -> AppWebhookId {
        self.webhook_of(self.id, url, more).await
    }

    pub(crate) async fn webhook_of(
        &self,
        shop: ShopId,
        url: &str,
        more: serde_json::Value,
    ) -> AppWebhookId {
        let webhook = AppWebhookId::generate(&SystemIds);
        let mut definition = json!({
            "identifier": "things", "events": ["test.#"], "targetUrl": url, "mode": "async",
        });
        let serde_json::Value::Object(more) = more else { panic!("an object") };
        definition.as_object_mut().unwrap().extend(more);
        let app = InstallationId::generate(&SystemIds);
        let now = self.database.now();
        let values: [Value; 7] = [
            app.uuid().into(),
            shop.uuid().into(),
            format!("com.example.a{}", app.uuid().simple()).into(),
            json!({}).into(),
            json!([]).into(),
            now.into(),
            now.into(),
        ];
        let install = "INSERT INTO app_installation (id, shop_id, identifier, status, manifest, \
                       granted, created_at, updated_at, version) \
                       VALUES ($1, $2, $3, 'enabled', $4, $5, $6, $7, 1)";
        self.run(install, values).await;
        let values: [Value; 4] =
            [webhook.uuid().into(), app.uuid().into(), shop.uuid().into(), definition.into()];
        let insert = "INSERT INTO app_webhook (id, app_id, shop_id, identifier, definition, is_active) \
                      VALUES ($1, $2, $3, 'things', $4, TRUE)";
        self.run(insert, values).await;
        let topic = "INSERT INTO app_webhook_topic (webhook_id, event_type) \
                     VALUES ($1, 'test.thing.changed')";
        self.run(topic, [webhook.uuid().into()]).await;
        webhook
    }

    pub(crate) fn event(&self, thing: &str, number: i64) -> StagedEvent {
        let factory = EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds));
        let ctx = RequestContext::system(&SystemIds).for_shop(self.id);
        let payload = Changed { thing: thing.to_owned(), number };
        StagedEvent::of(&factory, &ctx, &payload).unwrap()
    }

    pub(crate) fn publish(&self, tx: &UnitOfWork, thing: &str, number: i64) {
        self.outbox.publish(tx, self.event(thing, number));
    }

    /// Something happens to a thing.
    pub(crate) async fn change(&self, thing: &str, number: i64) {
        let changed = self.database.transaction(async |tx| {
            self.publish(tx, thing, number);
            Ok::<_, DatabaseError>(())
        });
        changed.await.unwrap();
    }

    pub(crate) fn dispatcher(&self, receiver: &Receiver) -> WebhookDispatcher {
        WebhookDispatcher::new(&self.staging, receiver.fetcher(), self.keys.clone()).options(soon())
    }

    pub(crate) fn dispatch(&self, receiver: &Receiver) -> DispatcherHandle {
        self.dispatcher(receiver).spawn()
    }

    /// The one number that a statement asks for.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.database.get_database_backend(), sql);
        let row = self.database.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// The texts of a column, line by line.
    pub(crate) async fn text(&self, sql: &str, column: &str) -> String {
        let statement = Statement::from_string(self.database.get_database_backend(), sql);
        let rows = self.database.query_all_raw(statement).await.unwrap();
        let line = |row: &QueryResult| row.try_get::<String>("", column).unwrap();
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Waits until a number is what it should be.
    pub(crate) async fn until(&self, sql: &str, expected: i64) {
        let wait = async {
            while self.number(sql).await != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(LONG, wait).await.is_err() {
            panic!("`{sql}` is {}, not {expected}", self.number(sql).await);
        }
    }
}

pub(crate) const WAITING: &str = "SELECT count(*) FROM webhook_delivery";
pub(crate) const DELIVERED: &str = "SELECT count(*) FROM webhook_log WHERE state = 3";
pub(crate) const FILTERED: &str = "SELECT count(*) FROM webhook_log WHERE state = 4";
pub(crate) const DEAD: &str = "SELECT count(*) FROM webhook_log WHERE state = 5";

/// Options for a dispatcher that notices everything soon and tries four times.
pub(crate) fn soon() -> DispatcherOptions {
    let mut options = DispatcherOptions::default();
    options.schedule = [0, 20, 40, 60].map(Duration::from_millis).to_vec();
    options.lease = Duration::from_millis(600);
    options.idle = Duration::from_millis(100);
    options.poll = Duration::from_millis(100);
    options.deadline = Duration::from_secs(10);
    options.breaker_pause = Duration::from_millis(100);
    options.keep_signers = Duration::ZERO;
    options
}
