//! A shop that asks its apps.

use std::sync::Arc;
use std::time::Duration;

use czo_apps::{AppWebhookId, SyncAnswer, SyncCallError, SyncFailure, SyncOptions, SyncWebhooks};
use czo_core::{EventType, RequestContext, SystemIds};
use czo_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::receiver::{Answer, LONG, Receiver};
use crate::shop::Shop;

/// What is asked; the webhooks of a [`Shop`] are for it.
pub(crate) static QUESTION: EventType = EventType::from_static("test.thing.changed");

/// A shop that asks its apps.
pub(crate) struct SyncShop {
    pub(crate) shop: Shop,
    pub(crate) receiver: Receiver,
    pub(crate) asks: SyncWebhooks,
    pub(crate) ctx: RequestContext,
}

impl SyncShop {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    pub(crate) async fn with(database: &TestDatabase, set: impl FnOnce(&mut SyncOptions)) -> Self {
        let (shop, receiver) = (Shop::open(database).await, Receiver::start().await);
        let mut options = SyncOptions::default();
        options.keep_signers = Duration::ZERO;
        set(&mut options);
        let asks =
            SyncWebhooks::new(&shop.database, receiver.fetcher(), shop.keys.clone(), options);
        let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
        Self { shop, receiver, asks, ctx }
    }

    /// An app that is asked at a path, with more of its `sync`.
    pub(crate) async fn app(&self, path: &str, more: Value) -> AppWebhookId {
        let mut sync = json!({ "deadlineMilliseconds": 10_000, "onFailure": "closed" });
        let Value::Object(more) = more else { panic!("an object") };
        sync.as_object_mut().unwrap().extend(more);
        self.define(path, json!({ "mode": "sync", "sync": sync })).await
    }

    pub(crate) async fn define(&self, path: &str, definition: Value) -> AppWebhookId {
        self.shop.webhook(&self.receiver.url(path), definition).await
    }

    /// Answers at a path with JSON, one after the other; the last one for ever.
    pub(crate) fn says(&self, path: &str, answers: impl IntoIterator<Item = Value>) {
        let answers = answers.into_iter().map(|answer| Answer::Body(answer.to_string().into()));
        self.receiver.answers(path, answers);
    }

    pub(crate) async fn ask(&self, payload: Value) -> Result<Vec<SyncAnswer>, SyncCallError> {
        let call = self.asks.call(&self.ctx, &QUESTION, &payload);
        tokio::time::timeout(LONG, call).await.unwrap()
    }

    /// What all answered.
    pub(crate) async fn values(&self, payload: Value) -> Vec<Value> {
        let answers = self.ask(payload).await.unwrap();
        answers.into_iter().map(|answer| answer.value).collect()
    }

    /// Why there is no answer.
    pub(crate) async fn failure(&self, payload: Value) -> SyncFailure {
        match self.ask(payload).await {
            Err(SyncCallError::NoAnswer { failure, .. }) => *failure,
            other => panic!("{other:?}"),
        }
    }

    /// The same shop, asked by another process.
    pub(crate) fn elsewhere(&self) -> SyncWebhooks {
        let keys = Arc::clone(&self.shop.keys);
        let (database, fetcher) = (&self.shop.database, self.receiver.fetcher());
        SyncWebhooks::new(database, fetcher, keys, SyncOptions::default())
    }
}
