//! The modules of a server: installed, switched on and off, swapped and taken out while it runs.

mod add;
mod alarm;
mod change;
mod configure;
mod dependencies;
mod enable;
mod follow;
mod follower;
mod held;
mod looks;
mod options;
mod parts;
mod recover;
mod remove;
mod rollback;
mod shared;
mod standing;
mod switch;
mod update;
mod view;

use std::fmt;
use std::sync::Arc;

use czo_core::{PermissionServiceExt, RequestContext, describe};
use czo_module_package::{ManifestRules, ModuleName, Package};
use semver::Version;
use serde_json::{Map, Value};

pub use self::change::{
    Activated, AddOptions, Added, Consent, DataFate, RemoveOptions, Removed, RolledBack, Started,
    UpdateOutcome, Widened,
};
pub use self::options::{ErrorBudget, ModulesOptions};
pub use self::parts::ModulesParts;
pub(crate) use self::shared::Shared;
use self::shared::{READ, WRITE};
pub use self::view::{
    Asset, LogFilter, LogRecord, ModuleDetails, ModuleSummary, ModuleUsage, QuarantineInfo,
    VersionInfo,
};
use crate::{Cause, EndpointAnswer, EndpointCall, EndpointError, ModuleError};

/// The modules of a server. One a process; cheap to clone, clones are the same.
///
/// **Guarantee.** A module that serves goes on serving until another version of it, or nothing, is
/// published in its place in one step: a call sees one of them as a whole, and a change that fails
/// before that leaves the one that serves, and its data, as they were. What is under way when it is
/// published is finished by the version that it began with.
///
/// **Cluster.** Several processes may work on one database. One changes a module at a time, whichever
/// process it is; the others do the same within a second or so ([`follow`](Self::follow)).
///
/// **Failure.** One module never keeps another from serving, except one that depends on it.
///
/// **Permissions.** `module:read` to look, `module:write` for everything else; without a shop, since a
/// module is of the whole server. Configuration is of the shop of the context.
///
/// **Cancellation.** A change that is dropped is finished all the same: it is a task of its own.
#[derive(Clone)]
pub struct Modules {
    pub(crate) shared: Arc<Shared>,
}

impl Modules {
    /// The modules that `parts.database` knows, none of which serves yet. What a process left half
    /// done is finished or taken back first, unless another process is at it right now.
    ///
    /// # Errors
    ///
    /// When the database fails, or the engine can't be made.
    pub async fn open(parts: ModulesParts, options: ModulesOptions) -> Result<Self, ModuleError> {
        let (shared, alarms) = Shared::new(parts, options)?;
        let shared = Arc::new(shared);
        shared.recover().await?;
        // No alarm is sounded before something serves, and none is lost.
        let modules = Self { shared };
        modules.hear(alarms);
        Ok(modules)
    }

    /// Lets what is enabled serve, in the order of dependencies, and begins to follow the other
    /// processes. What can't be brought up is said in the answer and in the log; it is tried again
    /// later, and keeps back only what depends on it.
    pub async fn start(&self) -> Vec<Started> {
        let started = self.shared.follow(Cause::Restarted).await.unwrap_or_else(|error| {
            let error = describe(&error);
            tracing::error!(error, "modules can't be looked up; it is tried again");
            Vec::new()
        });
        self.follow_others().await;
        if let Err(error) = self.shared.store.sweep_artifacts().await {
            let error = describe(&error);
            tracing::warn!(error, "files of packages that nobody has are not deleted");
        }
        started
    }

    /// Ends what [`start`](Self::start) began: no event is taken any more, calls under way are
    /// finished, for at most the time of [`ModulesOptions::drain`], and every module is told.
    pub async fn stop(&self) {
        self.shared.ending.cancel();
        self.shared.leave_all().await;
        self.shared.tasks.close();
        // What goes on after that is cut off by the end of the process.
        let _ = tokio::time::timeout(self.shared.options.drain, self.shared.tasks.wait()).await;
    }

    /// Brings this process to what the database says. Done once a second and on every
    /// [`ModuleChanged`](crate::ModuleChanged) by itself; for who can't wait.
    ///
    /// # Errors
    ///
    /// When the database fails. A module that can't be brought up is no error: see
    /// [`show`](Self::show).
    pub async fn follow(&self) -> Result<(), ModuleError> {
        let shared = self.shared.clone();
        self.whole(async move {
            shared.recover().await?;
            shared.follow(Cause::Enabled).await.map(drop)
        })
        .await
    }

    /// Installs a package that is not here yet; it does not serve before it is
    /// [enabled](Self::enable), unless the options say so.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Exists`]; [`ModuleError::Refused`] with everything the package breaks; without
    /// `module:write`, and when the database fails.
    pub async fn add(
        &self,
        ctx: &RequestContext,
        package: Package,
        options: AddOptions,
    ) -> Result<Added, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx) = (self.shared.clone(), ctx.clone());
        self.whole(async move { shared.add(&ctx, &package, &options).await }).await
    }

    /// Lets a module serve, on every process. One that is quarantined is tried at once, and one that
    /// serves begins anew.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`], [`ModuleError::Dependencies`], [`ModuleError::Activation`] with the
    /// step that failed; without `module:write`, and when the database fails.
    pub async fn enable(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<Activated, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.enable(&ctx, &name).await }).await
    }

    /// Lets a module serve no more, on every process. Its data stays. Nothing happens where it does
    /// not serve.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`], [`ModuleError::Dependants`]; without `module:write`, and when the
    /// database fails.
    pub async fn disable(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<(), ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.disable(&ctx, &name, false).await.map(drop) }).await
    }

    /// Replaces a module by another version of it, from `source` if that is another place now. Its configuration and data stay, and where it
    /// serves, the old one does until the new one takes over. A package that asks for more than the
    /// one before is kept and waits until somebody consents to exactly that.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`], [`ModuleError::Refused`], [`ModuleError::Activation`]; without
    /// `module:write`, and when the database fails.
    pub async fn update(
        &self,
        ctx: &RequestContext,
        package: Package,
        source: Option<&str>,
        consent: Consent,
    ) -> Result<UpdateOutcome, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx) = (self.shared.clone(), ctx.clone());
        let source = source.map(str::to_owned);
        self.whole(async move {
            shared.update(&ctx, &package, source.as_deref(), &consent, false).await
        })
        .await
    }

    /// Consents to the version that waits, and lets it take over.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NothingWaits`], [`ModuleError::ConsentDiffers`] when something else waits by
    /// now; else as [`update`](Self::update).
    pub async fn accept(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        consent: Consent,
    ) -> Result<UpdateOutcome, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.accept(&ctx, &name, &consent).await }).await
    }

    /// As [`update`](Self::update) to a package under development: of the same version too, with what
    /// the old one hands on, and with everything granted that it asks for. For `czo module dev`.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn reload(
        &self,
        ctx: &RequestContext,
        package: Package,
    ) -> Result<UpdateOutcome, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, all) = (self.shared.clone(), ctx.clone(), Consent::Everything);
        self.whole(async move { shared.update(&ctx, &package, None, &all, true).await }).await
    }

    /// Goes back to the version before. What its migrations lack of those of the newer one is taken
    /// back.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`], [`ModuleError::NoVersionBefore`], [`ModuleError::Activation`];
    /// without `module:write`, and when the database fails.
    pub async fn rollback(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<RolledBack, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.roll_back(&ctx, &name, None).await }).await
    }

    /// Takes a module out: it serves no more, and no version of it is kept.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`], [`ModuleError::Dependants`] unless forced; without `module:write`,
    /// and when the database fails.
    pub async fn remove(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        options: RemoveOptions,
    ) -> Result<Removed, ModuleError> {
        self.shared.allow(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.remove(&ctx, &name, options).await }).await
    }

    /// All modules, by name.
    ///
    /// # Errors
    ///
    /// Without `module:read`, and when the database fails.
    pub async fn list(&self, ctx: &RequestContext) -> Result<Vec<ModuleSummary>, ModuleError> {
        self.shared.allow(ctx, &READ).await?;
        self.shared.list().await
    }

    /// Everything about one module.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`]; without `module:read`, and when the database fails.
    pub async fn show(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<ModuleDetails, ModuleError> {
        self.shared.allow(ctx, &READ).await?;
        self.shared.show(name).await
    }

    /// What a module has logged in this process, the oldest first: of its last 1,000 lines those that
    /// are meant.
    ///
    /// # Errors
    ///
    /// Without `module:read`.
    pub async fn logs(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        filter: &LogFilter,
    ) -> Result<Vec<LogRecord>, ModuleError> {
        self.shared.allow(ctx, &READ).await?;
        Ok(self.shared.logs.read(name, filter))
    }

    /// The configuration of a module in the shop of the context, defaults filled in.
    ///
    /// # Errors
    ///
    /// [`ModuleError::NotFound`]; without `module:read`, and when the database fails.
    pub async fn config(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<Value, ModuleError> {
        self.shared.parts.permissions.require(ctx, &READ).await?;
        self.shared.config(ctx, name).await
    }

    /// Replaces the configuration of a module in the shop of the context, or, without one, that of
    /// all shops that have none of their own. In force at once here, on other processes within a
    /// second or so.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Config`] with everything that breaks the schema of its manifest,
    /// [`ModuleError::NotFound`]; without `module:write`, and when the database fails.
    pub async fn configure(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
        config: Value,
    ) -> Result<(), ModuleError> {
        self.shared.parts.permissions.require(ctx, &WRITE).await?;
        let (shared, ctx, name) = (self.shared.clone(), ctx.clone(), name.clone());
        self.whole(async move { shared.configure(&ctx, &name, &config).await }).await
    }

    /// A request to `/api/modules/<name>/...`. Who may ask, how often and how much is looked at here.
    ///
    /// # Errors
    ///
    /// [`EndpointError`], which knows its status.
    pub async fn handle(&self, call: EndpointCall) -> Result<EndpointAnswer, EndpointError> {
        self.shared.endpoints.handle(call).await
    }

    /// The `paths` of the OpenAPI document (3.1) for the endpoints of what serves now.
    #[must_use]
    pub fn openapi(&self) -> Map<String, Value> {
        let mut paths = Map::new();
        let active = self.shared.active.now();
        let mut modules: Vec<_> = active.values().collect();
        modules.sort_by_key(|module| module.name().clone());
        modules.iter().for_each(|module| crate::endpoint::paths(&module.manifest, &mut paths));
        paths
    }

    /// A file of the dashboard assets of a module, by its path below the folder of them, where this
    /// version of it serves.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn asset(
        &self,
        name: &ModuleName,
        version: &Version,
        path: &str,
    ) -> Result<Option<Asset>, ModuleError> {
        self.shared.asset(name, version, path).await
    }
}

impl Modules {
    /// What manifests are held to here: for [`Package::open`].
    #[must_use]
    pub fn rules(&self) -> ManifestRules {
        self.shared.rules()
    }

    /// Runs `work` to its end, also when the caller goes away.
    async fn whole<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ModuleError>> + Send + 'static,
    ) -> Result<T, ModuleError> {
        let work = self.shared.tasks.spawn(work).await;
        work.unwrap_or(Err(ModuleError::Interrupted))
    }
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modules").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
