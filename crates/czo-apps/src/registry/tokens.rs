//! The tokens of apps, made and revoked.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use schemars::JsonSchema;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use secrecy::SecretString;
use serde::Serialize;

use super::rows::token::{self, Column};
use super::{AppRegistry, READ, WRITE};
use crate::tokens::NewToken;
use crate::{AppError, AppTokenId, Consent, InstallationId};

/// How many tokens of an app may count at once.
const MAX_LIVING: usize = 10;
/// How many tokens are listed.
const MAX_LISTED: u64 = 100;
/// The longest life of a token, whatever is set: ten years.
const MAX_LIFETIME: Duration = Duration::from_secs(3_650 * 24 * 3_600);
/// The longest overlap.
const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A new token of an app. The secret is shown here and never again.
#[derive(Debug)]
pub struct IssuedToken {
    /// Its id.
    pub id: AppTokenId,
    /// The token.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When the tokens before it end, unless they have ended by then.
    pub old_until: DateTime<Utc>,
}

/// What may be known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppToken {
    /// Its id.
    pub id: AppTokenId,
    /// Its last four characters.
    pub last4: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl fmt::Display for AppToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (…{})", self.id, self.last4)
    }
}

impl AppRegistry {
    /// The tokens of an app, newest first, a hundred at most.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`]; without `app:read`, and when the database fails.
    pub async fn tokens(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Vec<AppToken>, AppError> {
        let shop = self.allow(ctx, &READ).await?;
        self.row(shop, id).await?;
        let rows = token::Entity::find()
            .filter(Column::AppId.eq(id))
            .order_by_desc(Column::Id)
            .limit(MAX_LISTED)
            .all(&**self.db())
            .await?;
        let view = |row: token::Model| AppToken {
            id: row.id,
            last4: row.last4,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Makes a new token. The old ones count for `overlap` still (30 days at most), so that the app
    /// has time to change.
    ///
    /// # Errors
    ///
    /// [`AppError::NotYours`] without all that the app is allowed, since the token is good for that;
    /// [`AppError::TooMany`] when ten tokens still count; [`AppError::NotFound`],
    /// [`AppError::Installing`]; without `app:write`, and when the database fails.
    pub async fn rotate_token(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        overlap: Duration,
    ) -> Result<IssuedToken, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let token = NewToken::generate()?;
        let (expires_at, old_until) = (self.token_end(), self.after(overlap));
        let work = async |tx: &UnitOfWork| {
            let row = self.locked(tx, shop, id).await?;
            // Whoever has the token may do what the app may.
            self.check_consent(ctx, &row.granted.0, &Consent::ToAll).await?;
            self.end_tokens(tx, id, old_until).await?;
            let living = token::Entity::find()
                .filter(Column::AppId.eq(id))
                .filter(Column::RevokedAt.is_null())
                .filter(Column::ExpiresAt.gt(self.db().now()));
            let living = living.count(&**tx).await?;
            if usize::try_from(living).is_ok_and(|living| living >= MAX_LIVING) {
                return Err(AppError::TooMany { what: "tokens", most: MAX_LIVING });
            }
            let token = self.insert_token(tx, id, &token, expires_at).await?;
            let row = self.touch(tx, &row).await?;
            self.tell_updated(tx, ctx, &row, &["token"])?;
            Ok(token)
        };
        let made = self.transaction(work).await?;
        Ok(IssuedToken { id: made, token: token.into_secret(), expires_at, old_until })
    }

    /// Revokes all tokens of an app, and says how many that were. From the next request on they
    /// count nowhere.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`], [`AppError::Installing`]; without `app:write`, and when the database
    /// fails.
    pub async fn revoke_tokens(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<u64, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let work = async |tx: &UnitOfWork| {
            let row = self.locked(tx, shop, id).await?;
            let revoked = self.revoke_all(tx, id).await?;
            if revoked > 0 {
                let row = self.touch(tx, &row).await?;
                self.tell_updated(tx, ctx, &row, &["token"])?;
            }
            Ok::<_, AppError>(revoked)
        };
        self.transaction(work).await
    }

    pub(super) async fn revoke_all(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
    ) -> Result<u64, AppError> {
        let revoked = token::Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(self.db().now()))
            .filter(Column::AppId.eq(app))
            .filter(Column::RevokedAt.is_null())
            .exec(&**tx)
            .await?;
        Ok(revoked.rows_affected)
    }

    async fn end_tokens(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
        end: DateTime<Utc>,
    ) -> Result<(), AppError> {
        token::Entity::update_many()
            .col_expr(Column::ExpiresAt, Expr::value(end))
            .filter(Column::AppId.eq(app))
            .filter(Column::ExpiresAt.gt(end))
            .exec(&**tx)
            .await?;
        Ok(())
    }

    pub(super) async fn insert_token(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
        token: &NewToken,
        expires_at: DateTime<Utc>,
    ) -> Result<AppTokenId, AppError> {
        let id = AppTokenId::generate(&*self.shared.ids);
        let row = token::ActiveModel {
            id: Set(id),
            app_id: Set(app),
            hash: Set(token.hash()),
            last4: Set(token.last4()),
            created_at: Set(self.db().now()),
            expires_at: Set(expires_at),
            revoked_at: Set(None),
        };
        token::Entity::insert(row).exec_without_returning(&**tx).await?;
        Ok(id)
    }

    /// When a token ends that is made now.
    pub(super) fn token_end(&self) -> DateTime<Utc> {
        let (now, lifetime) = (self.db().now(), self.shared.options.token_lifetime);
        let lifetime = TimeDelta::from_std(lifetime.min(MAX_LIFETIME)).unwrap_or_default();
        now.checked_add_signed(lifetime).unwrap_or(now)
    }

    /// When an overlap that begins now ends.
    pub(super) fn after(&self, overlap: Duration) -> DateTime<Utc> {
        let now = self.db().now();
        let overlap = TimeDelta::from_std(overlap.min(MAX_OVERLAP)).unwrap_or_default();
        now.checked_add_signed(overlap).unwrap_or(now)
    }
}
