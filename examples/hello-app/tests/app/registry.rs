//! The app and czo's own registry, with a database of its own and HTTP between them.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;
use czo_apps::{
    AppAnswer, AppError, AppRegistry, AppTokens, AppTransport, Consent, ExchangeLimits, HttpUrl,
    InstallRequest, Installation, ManifestRules, ManifestSource, RegistryOptions, RegistryParts,
    TransportError, Vault, VaultKey,
};
use czo_core::{
    EventType, Permission, RequestContext, ShopId, StaticRoles, SystemClock, SystemIds,
};
use czo_outbox::{Outbox, OutboxOptions};
use czo_testkit::TestDatabase;
use reqwest::{Client, RequestBuilder};
use url::Host;

use crate::house::{CZO, House, body};

/// Reaches everything, which is for tests only.
#[derive(Debug)]
struct EveryHost(Client);

impl EveryHost {
    async fn answer(request: RequestBuilder) -> Result<AppAnswer, TransportError> {
        let unreachable = |error: reqwest::Error| TransportError::Unreachable(Box::new(error));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(unreachable)?.to_vec();
        Ok(AppAnswer { status, body })
    }
}

#[async_trait]
impl AppTransport for EveryHost {
    async fn get(&self, url: &HttpUrl, _: ExchangeLimits) -> Result<AppAnswer, TransportError> {
        Self::answer(self.0.get(url.as_str())).await
    }

    async fn post(
        &self,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        _: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let request = self.0.post(url.as_str()).body(body.to_vec());
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Self::answer(request).await
    }
}

/// A shop of a czo, and its registry.
struct Shop {
    registry: AppRegistry,
    id: ShopId,
    owner: RequestContext,
}

impl Shop {
    async fn open(database: &TestDatabase) -> Self {
        let sets =
            vec![czo_migrations::outbox(), czo_migrations::apps(), czo_migrations::webhooks()];
        czo_migrations::Migrator::new(sets).up(database).await.unwrap();
        let rules = ManifestRules::new("0.1.0".parse().unwrap())
            .permissions([Permission::new("product", "read")])
            .event_types([EventType::from_static("product.item.created")])
            .insecure_hosts([Host::parse("127.0.0.1").unwrap()]);
        let parts = RegistryParts {
            database: database.database(),
            outbox: Outbox::new(database, OutboxOptions::default()),
            permissions: Arc::new(StaticRoles::new([])),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            vault: Vault::new([VaultKey::generate().unwrap()]).unwrap(),
            rules,
            transport: Arc::new(EveryHost(Client::new())),
        };
        let options = RegistryOptions::new(format!("{CZO}/api").parse().unwrap());
        let id = ShopId::generate(&SystemIds);
        let owner = RequestContext::system(&SystemIds).for_shop(id);
        Self { registry: AppRegistry::new(parts, options), id, owner }
    }

    async fn install(&self, app: &House) -> Result<Installation, AppError> {
        let url = format!("{}/manifest.json", app.url).parse().unwrap();
        let manifest = ManifestSource::Url(url);
        let request = InstallRequest { shop: self.id, manifest, consent: Consent::ToAll };
        self.registry.install(&self.owner, request).await
    }
}

#[tokio::test]
async fn czo_installs_the_app_and_knows_its_token() {
    let (database, app) = (TestDatabase::sqlite().await, House::new().await);
    let shop = Shop::open(&database).await;
    let installed = shop.install(&app).await.unwrap();
    let kept = app.vault().load().unwrap().unwrap();
    assert_eq!(kept.installation_id, installed.id.to_string());
    assert_eq!(kept.shop_id, shop.id.to_string());
    let tokens = AppTokens::new(database.database(), Arc::new(SystemClock));
    assert!(tokens.authenticate(&kept.token).await.unwrap().is_some());
}

#[tokio::test]
async fn the_app_believes_what_the_czo_that_installed_it_signs() {
    let (database, app) = (TestDatabase::sqlite().await, House::new().await);
    let shop = Shop::open(&database).await;
    let installed = shop.install(&app).await.unwrap();
    let signer = shop.registry.signer(installed.id).await.unwrap().unwrap();
    let body = body("product.item.created", "prod_1");
    let headers = signer.sign(&"msg_1".parse().unwrap(), Utc::now(), body.as_bytes());
    let headers: Vec<_> = headers.iter().collect();
    assert_eq!(app.deliver_with(&headers, &body).await, 204);
    assert_eq!(app.stored().len(), 1);
}

#[tokio::test]
async fn whoever_removed_the_app_is_told_that_it_has_to_forget() {
    let (database, app) = (TestDatabase::sqlite().await, House::new().await);
    let shop = Shop::open(&database).await;
    let installed = shop.install(&app).await.unwrap();
    shop.registry.uninstall(&shop.owner, installed.id).await.unwrap();
    let error = shop.install(&app).await.unwrap_err();
    assert!(error.to_string().contains("hello-app forget"), "{error}");
    app.vault().forget().unwrap();
    shop.install(&app).await.unwrap();
}
