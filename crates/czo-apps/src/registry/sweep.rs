//! What is left over.

use std::time::Duration;

use chrono::TimeDelta;
use czo_repo::UnitOfWork;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::AppRegistry;
use super::rows::{secret, token};
use crate::AppError;
use crate::delivery::uninstalled;

/// How long a token that counts no more stays in the list.
const KEEP_TOKENS: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What a sweep has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Installations that were never finished.
    pub installations: u64,
    /// Secrets that sign no more.
    pub secrets: u64,
    /// Tokens that have not counted for 30 days.
    pub tokens: u64,
    /// Deliveries, with their attempts, to apps that were uninstalled ten minutes ago or earlier.
    pub deliveries: u64,
}

impl AppRegistry {
    /// Removes what is left over: for a schedule, once in a while. It needs no permission.
    ///
    /// # Errors
    ///
    /// When the database fails. What was removed by then is gone; the rest is for the next time.
    pub async fn sweep(&self) -> Result<Swept, AppError> {
        let now = self.db().now();
        let keep = TimeDelta::from_std(KEEP_TOKENS).unwrap_or_default();
        let before = now.checked_sub_signed(keep).unwrap_or_default();
        let work = async |tx: &UnitOfWork| {
            let installations = self.given_up().exec(&**tx).await?.rows_affected;
            let secrets = self.forget_secrets(tx, secret::Column::ExpiresAt.is_not_null()).await?;
            let ended = Condition::any()
                .add(token::Column::ExpiresAt.lt(before))
                .add(token::Column::RevokedAt.lt(before));
            let tokens = token::Entity::delete_many().filter(ended).exec(&**tx).await?;
            let tokens = tokens.rows_affected;
            Ok::<_, AppError>(Swept { installations, secrets, tokens, deliveries: 0 })
        };
        let swept = self.transaction(work).await?;
        Ok(Swept { deliveries: uninstalled::forget(self.db()).await?, ..swept })
    }
}
