//! The apps of shops (requirement APP 2).

mod config;
mod consent;
mod handshake;
mod install;
mod manifest;
mod options;
mod reseal;
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod rows;
mod secrets;
mod session;
mod standing;
mod sweep;
mod tokens;
mod topics;
mod update;
mod view;
mod webhooks;

use std::fmt;
use std::sync::Arc;

use czo_core::{
    Clock, EventFactory, IdGenerator, Permission, PermissionService, PermissionServiceExt,
    RequestContext, ShopId,
};
use czo_outbox::{Outbox, StagedEvent};
use czo_repo::{Database, Page, PageRequest, RepoError, Repository, UnitOfWork};

use sea_orm::{ColumnTrait, QuerySelect, Set};

pub use self::consent::Consent;
pub use self::install::InstallRequest;
pub use self::manifest::ManifestSource;
pub use self::options::{RegistryOptions, RegistryParts};
use self::rows::installation;
pub(crate) use self::rows::installation::Grants;
pub use self::rows::installation::InstallationStatus;
pub use self::secrets::RotatedSecret;
pub use self::sweep::Swept;
pub use self::tokens::{AppToken, IssuedToken};
pub use self::update::UpdateOutcome;
pub use self::view::{AppWebhook, Installation};
use crate::events::PRODUCER;
use crate::{AppError, AppTransport, AppUpdated, InstallationId, ManifestRules, Vault};

/// Who may look at a shop's apps, and who may change them.
pub(crate) const READ: Permission = Permission::new("app", "read");
pub(crate) const WRITE: Permission = Permission::new("app", "write");

const INSTALLATIONS: Repository<installation::Entity> = Repository::new();

/// The apps of shops: installed, updated, set up, switched off and on, and removed. Cheap to clone;
/// clones are the same.
///
/// Its tables are those of `czo_migrations::apps()` and `czo_migrations::webhooks()`. Several processes may work on one database.
///
/// **Permissions.** `app:read` to look, `app:write` for everything else, in the shop of the context.
/// Whoever consents to what an app asks for must be allowed all of it.
///
/// **Writes** are units of work, each with its event; of two that change one installation at the
/// same time, one waits for the other, or is told that it has changed.
///
/// **Cancellation.** What is dropped has happened as a whole or not at all, except
/// [`install`](Self::install), which may leave an installation that counts for nothing and goes by
/// [`sweep`](Self::sweep).
#[derive(Clone)]
pub struct AppRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    outbox: Outbox,
    permissions: Arc<dyn PermissionService>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    vault: Vault,
    rules: ManifestRules,
    transport: Arc<dyn AppTransport>,
    events: EventFactory,
    options: RegistryOptions,
}

impl AppRegistry {
    /// A registry of these parts.
    #[must_use]
    pub fn new(parts: RegistryParts, options: RegistryOptions) -> Self {
        let RegistryParts { database, outbox, permissions, clock, ids, vault, rules, transport } =
            parts;
        // Rows bear the time of the registry's clock, and its ids.
        let database = database.with_clock(clock.clone()).with_ids(ids.clone());
        let events = EventFactory::new(PRODUCER, clock.clone(), ids.clone());
        let shared = Shared {
            database,
            outbox,
            permissions,
            clock,
            ids,
            vault,
            rules,
            transport,
            events,
            options,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A page of the apps of the shop, in the order in which they came, those that are still
    /// being installed among them.
    ///
    /// # Errors
    ///
    /// Without `app:read`, and when the database fails.
    pub async fn list(
        &self,
        ctx: &RequestContext,
        request: &PageRequest,
    ) -> Result<Page<Installation>, AppError> {
        let shop = self.allow(ctx, &READ).await?;
        let rows = INSTALLATIONS.for_shop(shop).page(self.db(), request).await?;
        Ok(rows.map(Installation::of))
    }

    /// One app of the shop.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`]; without `app:read`, and when the database fails.
    pub async fn get(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Installation, AppError> {
        let shop = self.allow(ctx, &READ).await?;
        Ok(Installation::of(self.row(shop, id).await?))
    }

    fn db(&self) -> &Database {
        &self.shared.database
    }

    /// Runs `work` in one transaction. Boxed: it is part of many futures, and a large one.
    async fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, AppError> + Clone,
    ) -> Result<T, AppError> {
        Box::pin(self.db().transaction(work)).await
    }

    /// Refuses unless the caller may do this in the shop of the context, and gives that.
    async fn allow(
        &self,
        ctx: &RequestContext,
        permission: &Permission,
    ) -> Result<ShopId, AppError> {
        let shop = ctx.shop()?;
        self.shared.permissions.require(ctx, permission).await?;
        Ok(shop)
    }

    /// An installation, whatever its status.
    async fn row(&self, shop: ShopId, id: InstallationId) -> Result<installation::Model, AppError> {
        let found = INSTALLATIONS.for_shop(shop).find_by_id(self.db(), id).await?;
        found.ok_or(AppError::NotFound { id })
    }

    /// An installation that is finished.
    async fn finished(
        &self,
        shop: ShopId,
        id: InstallationId,
    ) -> Result<installation::Model, AppError> {
        let row = self.row(shop, id).await?;
        match row.status {
            InstallationStatus::Installing => Err(AppError::Installing { id }),
            InstallationStatus::Enabled | InstallationStatus::Disabled => Ok(row),
        }
    }

    /// An installation that is finished, and that nobody else changes until `tx` ends.
    async fn locked(
        &self,
        tx: &UnitOfWork,
        shop: ShopId,
        id: InstallationId,
    ) -> Result<installation::Model, AppError> {
        let row = self.locked_whatever(tx, shop, id).await?;
        match row.status {
            InstallationStatus::Installing => Err(AppError::Installing { id }),
            InstallationStatus::Enabled | InstallationStatus::Disabled => Ok(row),
        }
    }

    /// An installation, whatever its status, that nobody else changes until `tx` ends.
    async fn locked_whatever(
        &self,
        tx: &UnitOfWork,
        shop: ShopId,
        id: InstallationId,
    ) -> Result<installation::Model, AppError> {
        let one = INSTALLATIONS.for_shop(shop).filter(installation::Column::Id.eq(id));
        let found = one.select().lock_exclusive().one(&**tx).await?;
        found.ok_or(AppError::NotFound { id })
    }

    /// Notes that something that belongs to an installation has changed.
    async fn touch(
        &self,
        tx: &UnitOfWork,
        before: &installation::Model,
    ) -> Result<installation::Model, AppError> {
        let status = Set(before.status);
        let changes = installation::ActiveModel { status, ..Default::default() };
        self.change(tx, before, changes).await
    }

    /// Changes an installation that has not changed since it was read.
    async fn change(
        &self,
        tx: &UnitOfWork,
        before: &installation::Model,
        changes: installation::ActiveModel,
    ) -> Result<installation::Model, AppError> {
        let rows = INSTALLATIONS.for_shop(before.shop_id);
        // Boxed: a row with two manifests is large, and this is part of many futures.
        let changed = Box::pin(rows.update(tx, before.id, before.version, changes)).await;
        changed.map_err(|error| match error {
            RepoError::NotFound { .. } | RepoError::Deleted { .. } => {
                AppError::NotFound { id: before.id }
            }
            error => error.into(),
        })
    }

    /// Says that something about an app has changed, if what `tx` does is committed.
    fn tell_updated(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        row: &installation::Model,
        changed: &[&str],
    ) -> Result<(), AppError> {
        let manifest = &row.manifest.0;
        let event = AppUpdated {
            installation_id: row.id,
            identifier: manifest.id.clone(),
            app_version: manifest.version.to_string(),
            status: row.status,
            granted: row.granted.0.clone(),
            pending: row.pending.as_ref().map(|pending| pending.0.clone()).unwrap_or_default(),
            changed: changed.iter().map(|name| (*name).to_owned()).collect(),
        };
        self.tell(tx, ctx, &event)
    }

    fn tell<E: czo_core::Event>(
        &self,
        tx: &UnitOfWork,
        ctx: &RequestContext,
        event: &E,
    ) -> Result<(), AppError> {
        let staged = StagedEvent::of(&self.shared.events, ctx, event)?;
        self.shared.outbox.publish(tx, staged);
        Ok(())
    }
}

impl fmt::Debug for AppRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppRegistry")
            .field("options", &self.shared.options)
            .field("transport", &self.shared.transport)
            .field("vault", &self.shared.vault)
            .finish_non_exhaustive()
    }
}
