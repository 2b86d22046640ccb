//! A shop, an app, and the registry between them.

use std::sync::Arc;
use std::time::Duration;

use czo_apps::{
    AppError, AppGrant, AppIdentity, AppRegistry, AppTokens, AppTransport, Consent, InstallRequest,
    Installation, ManifestRules, ManifestSource, RegistryOptions, RegistryParts, Vault, VaultKey,
};
use czo_core::{
    Actor, ActorId, ActorType, EventType, ManualClock, Permission, PermissionService,
    RequestContext, ShopId, StaticRoles, SystemIds,
};
use czo_outbox::{Outbox, OutboxOptions};
use czo_repo::Database;
use czo_testkit::{CommittedEvents, TestDatabase};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use url::Host;

use crate::app_server::AppServer;
use crate::http_transport::HttpTransport;

/// Soon enough for a test that waits for it.
pub(crate) const SOON: Duration = Duration::from_millis(300);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) struct World {
    pub(crate) app: AppServer,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: Database,
    pub(crate) events: CommittedEvents,
    pub(crate) registry: AppRegistry,
    pub(crate) tokens: AppTokens,
    pub(crate) shop: ShopId,
    pub(crate) owner: RequestContext,
}

pub(crate) fn rules() -> ManifestRules {
    ManifestRules::new("0.1.0".parse().unwrap())
        .permissions([
            Permission::new("order", "read"),
            Permission::new("order", "write"),
            Permission::new("product", "read"),
            Permission::new("product", "write"),
        ])
        .event_types([
            EventType::from_static("order.item.placed"),
            EventType::from_static("product.item.created"),
            EventType::from_static("product.item.deleted"),
        ])
        .insecure_hosts([Host::parse("127.0.0.1").unwrap()])
}

/// How a world is made.
pub(crate) struct Setting {
    pub(crate) transport: Arc<dyn AppTransport>,
    pub(crate) deadline: Duration,
    /// Of all exchanges together.
    pub(crate) total_deadline: Duration,
    pub(crate) vault: Vault,
    /// Roles of the tests, unless it is something else.
    pub(crate) permissions: Option<Arc<dyn PermissionService>>,
}

impl Default for Setting {
    fn default() -> Self {
        let vault = Vault::new([VaultKey::generate().unwrap()]).unwrap();
        let (transport, deadline) = (Arc::new(HttpTransport), Duration::from_secs(30));
        Self { transport, deadline, total_deadline: deadline * 2, vault, permissions: None }
    }
}

impl World {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::with(database, Setting::default()).await
    }

    pub(crate) async fn with(database: &TestDatabase, setting: Setting) -> Self {
        let sets =
            vec![czo_migrations::outbox(), czo_migrations::apps(), czo_migrations::webhooks()];
        czo_migrations::Migrator::new(sets).up(database).await.unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-30T12:00:00Z".parse().unwrap()));
        let app = AppServer::start().await;
        let shop = ShopId::generate(&SystemIds);
        let world = Self {
            registry: registry(&database.database(), &clock, setting),
            tokens: AppTokens::new(database.database(), clock.clone()),
            database: database.database(),
            events: CommittedEvents::of(database),
            owner: user("owner").for_shop(shop),
            app,
            clock,
            shop,
        };
        world.app.say(&world.manifest());
        world
    }

    /// What the app says of itself at first.
    pub(crate) fn manifest(&self) -> Value {
        json!({
            "id": "com.example.loyalty",
            "name": "Loyalty",
            "version": "1.0.0",
            "author": "Example Ltd",
            "appUrl": self.app.url,
            "handshakeUrl": "/handshake",
            "permissions": [
                { "resource": "order", "actions": ["read"], "scope": "shop", "purpose": "Points." },
                { "resource": "product", "actions": ["read", "write"], "scope": "own", "purpose": "Gifts." },
            ],
            "webhooks": [
                { "identifier": "orders", "events": ["order.#"], "targetUrl": "/hooks/orders", "mode": "async" },
                { "identifier": "products", "events": ["product.item.*"], "targetUrl": "/hooks/products", "mode": "async" },
            ],
            "configSchema": {
                "type": "object",
                "properties": {
                    "apiKey": { "type": "string", "x-secret": true, "minLength": 8 },
                    "rate": { "type": "number", "minimum": 0 },
                    "label": { "type": "string" },
                },
                "required": ["apiKey"],
                "additionalProperties": false,
            },
            "czo": ">=0.1",
        })
    }

    /// The manifest with another value at a place.
    pub(crate) fn manifest_with(&self, changes: &[(&str, Value)]) -> Value {
        let mut manifest = self.manifest();
        for (pointer, value) in changes {
            *manifest.pointer_mut(pointer).unwrap() = value.clone();
        }
        manifest
    }

    pub(crate) fn request(&self) -> InstallRequest {
        let url = format!("{}/manifest.json", self.app.url).parse().unwrap();
        InstallRequest {
            shop: self.shop,
            manifest: ManifestSource::Url(url),
            consent: Consent::ToAll,
        }
    }

    pub(crate) async fn try_install(&self) -> Result<Installation, AppError> {
        self.registry.install(&self.owner, self.request()).await
    }

    pub(crate) async fn install(&self) -> Installation {
        self.try_install().await.unwrap()
    }

    pub(crate) async fn whose(&self, token: &str) -> Option<AppIdentity> {
        self.tokens.authenticate(token).await.unwrap()
    }

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    pub(crate) async fn run(&self, sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) {
        let backend = self.database.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.database.execute_raw(statement).await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.database.get_database_backend(), sql);
        let row = self.database.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// The texts of one column, sorted.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.database.get_database_backend(), sql);
        let rows = self.database.query_all_raw(statement).await.unwrap();
        let mut texts: Vec<String> =
            rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        texts.sort();
        texts
    }
}

pub(crate) fn registry(
    database: &Database,
    clock: &Arc<ManualClock>,
    setting: Setting,
) -> AppRegistry {
    let roles = [
        ("clerk", vec!["app:*", "order:read", "product:read"]),
        ("viewer", vec!["app:read"]),
        ("stranger", vec!["order:*", "product:*"]),
    ];
    let roles = roles.map(|(name, grants)| {
        (name.to_owned(), grants.iter().map(|grant| grant.parse().unwrap()).collect())
    });
    let parts = RegistryParts {
        database: database.clone(),
        outbox: Outbox::new(database, OutboxOptions::default()),
        permissions: setting.permissions.unwrap_or(Arc::new(StaticRoles::new(roles))),
        clock: clock.clone(),
        ids: Arc::new(SystemIds),
        vault: setting.vault,
        rules: rules(),
        transport: setting.transport,
    };
    let options = RegistryOptions::new("https://czo.example.com/api".parse().unwrap());
    let options = options.deadline(setting.deadline).total_deadline(setting.total_deadline);
    AppRegistry::new(parts, options)
}

/// A person with a role, in no shop yet.
pub(crate) fn user(role: &str) -> RequestContext {
    RequestContext {
        actor: Actor::Known {
            id: ActorId::generate(&SystemIds),
            kind: ActorType::User,
            roles: vec![role.to_owned()],
        },
        ..RequestContext::system(&SystemIds)
    }
}

pub(crate) fn grants(texts: &[&str]) -> Vec<AppGrant> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}
