//! A key of the vault is replaced.

use czo_repo::UnitOfWork;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::{installation, secret};
use super::{AppRegistry, config, secrets};
use crate::{AppError, AppSecretId, InstallationId};

/// How many rows are looked at in one transaction.
const AT_ONCE: u64 = 200;

impl AppRegistry {
    /// Seals with the newest key of the vault what is sealed with an older one, and says how many
    /// values that were. When it has gone through, the older keys are needed no more. It needs no
    /// permission.
    ///
    /// # Errors
    ///
    /// When a key is missing or a value is damaged, and when the database fails; what was sealed anew
    /// by then stays, and the rest is done by the next call.
    pub async fn reseal(&self) -> Result<u64, AppError> {
        let (mut last, mut resealed) = (None, 0);
        loop {
            let work = async |tx: &UnitOfWork| self.reseal_secrets(tx, last).await;
            let portion = self.transaction(work).await?;
            resealed += portion.resealed;
            last = portion.last;
            if last.is_none() {
                break;
            }
        }
        let mut last = None;
        loop {
            let work = async |tx: &UnitOfWork| self.reseal_configs(tx, last).await;
            let portion = self.transaction(work).await?;
            resealed += portion.resealed;
            last = portion.last;
            if last.is_none() {
                return Ok(resealed);
            }
        }
    }

    async fn reseal_secrets(
        &self,
        tx: &UnitOfWork,
        after: Option<AppSecretId>,
    ) -> Result<Portion<AppSecretId>, AppError> {
        use secret::{Column, Entity};
        let mut rows = Entity::find().order_by_asc(Column::Id).limit(AT_ONCE).lock_exclusive();
        if let Some(after) = after {
            rows = rows.filter(Column::Id.gt(after));
        }
        let rows = rows.all(&**tx).await?;
        let mut resealed = 0;
        for row in &rows {
            if let Some(sealed) = self.shared.vault.reseal(secrets::place(row.id), &row.sealed)? {
                let update = Entity::update_many().col_expr(Column::Sealed, Expr::value(sealed));
                update.filter(Column::Id.eq(row.id)).exec(&**tx).await?;
                resealed += 1;
            }
        }
        Ok(Portion { resealed, last: rows.last().map(|row| row.id) })
    }

    /// The version of an installation stays: what is set up is the same.
    async fn reseal_configs(
        &self,
        tx: &UnitOfWork,
        after: Option<InstallationId>,
    ) -> Result<Portion<InstallationId>, AppError> {
        use installation::{Column, Entity};
        let mut rows = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Config])
            .filter(Column::Config.is_not_null())
            .order_by_asc(Column::Id)
            .limit(AT_ONCE)
            .lock_exclusive();
        if let Some(after) = after {
            rows = rows.filter(Column::Id.gt(after));
        }
        let rows: Vec<(InstallationId, Vec<u8>)> = rows.into_tuple().all(&**tx).await?;
        let mut resealed = 0;
        for (id, sealed) in &rows {
            if let Some(sealed) = self.shared.vault.reseal(config::place(*id), sealed)? {
                let update = Entity::update_many().col_expr(Column::Config, Expr::value(sealed));
                update.filter(Column::Id.eq(*id)).exec(&**tx).await?;
                resealed += 1;
            }
        }
        Ok(Portion { resealed, last: rows.last().map(|(id, _)| *id) })
    }
}

struct Portion<Id> {
    resealed: u64,
    /// Behind which the next one begins; none behind the last.
    last: Option<Id>,
}
