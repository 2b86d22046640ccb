//! A server with modules, as far as these need one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Actor, ActorId, ActorType, DomainEvent, EventBus, EventId, EventMetadata, ManualClock,
    RequestContext, StaticRoles, SystemIds,
};
use czo_events::InProcessBus;
use czo_hooks::{HookError, HookPoint, HookRegistry};
use czo_jobs::MemoryJobs;
use czo_migrations::Migrator;
use czo_module_package::{ModuleName, Package, PackageLimits};
use czo_modules::{
    AddOptions, EndpointAnswer, EndpointCall, EndpointError, EnvironmentSecrets, FetchHttp,
    Modules, ModulesOptions, ModulesParts, OpenHooks, ServiceDirectory,
};
use czo_outbox::{Outbox, OutboxOptions};
use czo_repo::Database;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::slots::Slots;

/// One process.
pub(crate) struct House {
    pub(crate) modules: Modules,
    pub(crate) database: Database,
    pub(crate) bus: Arc<InProcessBus>,
    pub(crate) jobs: Arc<MemoryJobs>,
    pub(crate) hooks: HookRegistry,
    pub(crate) clock: Arc<ManualClock>,
    folder: TempDir,
}

/// A product is created: the point that the guests know.
pub(crate) struct ProductCreate;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) title: String,
}

impl HookPoint for ProductCreate {
    const NAME: &'static str = "product.create";
    type Input = Product;
    type Output = Product;
    type Error = HookError;
}

impl House {
    /// The first process on a database.
    pub(crate) async fn new(database: &Database) -> Self {
        let sets =
            vec![czo_migrations::outbox(), czo_migrations::jobs(), czo_migrations::modules()];
        Migrator::new(sets).up(database).await.expect("the tables");
        Self::another(database).await
    }

    /// One more process on a database.
    pub(crate) async fn another(database: &Database) -> Self {
        Self::with(database, |_| {}).await
    }

    /// One more process, with other options.
    pub(crate) async fn with(
        database: &Database,
        change: impl FnOnce(&mut ModulesOptions),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Compiling takes long where the compiler is not optimized, so all tests share a cache.
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules-lifecycle");
        fs::create_dir_all(shared.join("compiled")).expect("the cache");
        let mut options = ModulesOptions::new(folder.path());
        std::os::unix::fs::symlink(shared.join("compiled"), folder.path().join("compiled"))
            .expect("a link to the cache");
        options.follow_every = Duration::from_millis(50);
        options.drain = Duration::from_secs(5);
        options.engine.max_instances = 50;
        change(&mut options);
        let (bus, jobs) = (Arc::new(InProcessBus::new()), Arc::new(MemoryJobs::new()));
        let (hooks, clock) = (HookRegistry::new(), Arc::new(ManualClock::at(chrono::Utc::now())));
        let parts = ModulesParts {
            database: database.clone(),
            bus: bus.clone(),
            outbox: Outbox::new(database, OutboxOptions::default()),
            hooks: OpenHooks::new(hooks.clone()).open::<ProductCreate>(),
            jobs: jobs.clone(),
            slots: Arc::new(Slots::new(clock.clone(), jobs.clone())),
            services: ServiceDirectory::new().with("harmless", Arc::new(Echo)),
            http: Arc::new(FetchHttp::new(czo_fetch::Fetcher::default())),
            secrets: Arc::new(EnvironmentSecrets),
            permissions: Arc::new(StaticRoles::new([])),
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
        };
        let modules = Modules::open(parts, options).await.expect("modules");
        Self { modules, database: database.clone(), bus, jobs, hooks, clock, folder }
    }

    /// The guest `hostile` in this version, with what `change` makes of its manifest and files.
    pub(crate) fn package(&self, version: &str, change: impl FnOnce(&mut Value, &Path)) -> Package {
        package(&self.modules, self.folder.path(), version, change)
    }

    /// Installs and enables `hostile` 0.1.0.
    pub(crate) async fn serves(&self) {
        self.adds(self.package("0.1.0", |_, _| {})).await;
    }

    /// Installs and enables a package.
    pub(crate) async fn adds(&self, package: Package) {
        let options = AddOptions::new("./hostile").enable();
        self.modules.add(&owner(), package, options).await.expect("it is enabled");
    }

    /// Asks the endpoint of `hostile` for a harm.
    pub(crate) async fn asks(&self, harm: &str) -> Result<EndpointAnswer, EndpointError> {
        self.modules.handle(call(harm)).await
    }

    /// The version of `hostile` that is the current one.
    pub(crate) async fn version(&self) -> String {
        self.modules
            .show(&owner(), &hostile())
            .await
            .expect("it is here")
            .summary
            .version
            .to_string()
    }

    /// The names of the tables of `hostile`, as far as these tests make any.
    pub(crate) async fn has_table(&self, name: &str) -> bool {
        use sea_orm::ConnectionTrait;
        self.database.execute_unprepared(&format!("SELECT * FROM {name}")).await.is_ok()
    }

    /// Publishes an event that asks `hostile` for a harm.
    pub(crate) async fn publishes(&self, harm: &str) {
        self.bus.publish(event(harm)).await.expect("published");
    }
}

/// The guest `hostile` in this version, written anew below `folder`.
pub(crate) fn package(
    modules: &Modules,
    folder: &Path,
    version: &str,
    change: impl FnOnce(&mut Value, &Path),
) -> Package {
    let built = std::env::var_os("CZO_TEST_MODULES").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("modules"),
        PathBuf::from,
    );
    let from = built.join("hostile");
    let at = tempfile::tempdir_in(folder).expect("a folder").keep();
    fs::copy(from.join("module.wasm"), at.join("module.wasm"))
        .expect("a guest; `cargo xtask modules` makes it");
    let manifest = fs::read(from.join("czo-module.json")).expect("its manifest");
    let mut manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
    manifest["version"] = version.into();
    manifest["endpoints"][0]["rateLimitPerMinute"] = 60_000.into();
    change(&mut manifest, &at);
    fs::write(at.join("czo-module.json"), manifest.to_string()).expect("written");
    Package::open(&at, &modules.rules(), &PackageLimits::default()).expect("a package")
}

/// Adds a migration that makes the table `name` of `hostile`; `statement` follows it.
pub(crate) fn migration(manifest: &mut Value, at: &Path, number: u32, name: &str, statement: &str) {
    manifest["migrations"] = "migrations".into();
    let (folder, file) = (at.join("migrations"), format!("{number:04}_{name}"));
    fs::create_dir_all(&folder).expect("the folder");
    let table = table(name);
    let up = format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY);\n{statement}\n");
    fs::write(folder.join(format!("{file}.up.sql")), up).expect("written");
    let down = format!("DROP TABLE {table};\n");
    fs::write(folder.join(format!("{file}.down.sql")), down).expect("written");
}

pub(crate) fn table(name: &str) -> String {
    format!("{}{name}", hostile().table_prefix())
}

pub(crate) fn hostile() -> ModuleName {
    "hostile".parse().expect("a name")
}

/// Somebody who may do everything.
pub(crate) fn owner() -> RequestContext {
    let id = ActorId::generate(&SystemIds);
    let actor = Actor::Known { id, kind: ActorType::User, roles: vec!["owner".to_owned()] };
    RequestContext { actor, ..RequestContext::system(&SystemIds) }
}

pub(crate) fn call(harm: &str) -> EndpointCall {
    EndpointCall {
        module: hostile(),
        method: "POST".to_owned(),
        path: "/harm".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: json!({ "harm": harm, "target": "", "count": 0 }).to_string().into_bytes(),
        context: RequestContext { actor: Actor::Anonymous, ..RequestContext::system(&SystemIds) },
    }
}

pub(crate) fn event(harm: &str) -> DomainEvent {
    let ctx = RequestContext::system(&SystemIds);
    DomainEvent {
        id: EventId::generate(&SystemIds),
        event_type: "hostile.harm.asked".parse().expect("a type"),
        version: std::num::NonZeroU32::MIN,
        timestamp: chrono::Utc::now(),
        source: "test".to_owned(),
        correlation_id: ctx.correlation_id,
        data: json!({ "harm": harm, "target": "", "count": 0 }),
        metadata: EventMetadata::default(),
    }
}

/// Waits until `is_so` says yes.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    patience.await.unwrap_or_else(|_| panic!("it was never so: {what}"));
}

/// Answers with what it is asked.
struct Echo;

#[async_trait::async_trait]
impl czo_modules::ServerService for Echo {
    async fn call(
        &self,
        _: &RequestContext,
        _: &str,
        arguments: Value,
    ) -> Result<Value, czo_modules::ServiceError> {
        Ok(arguments)
    }
}
