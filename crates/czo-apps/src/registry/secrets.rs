//! What messages to apps are signed with.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::RequestContext;
use czo_repo::UnitOfWork;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use secrecy::{ExposeSecret, SecretString};

use super::rows::secret::{self, Column, SecretKind};
use super::{AppRegistry, WRITE};
use crate::{
    AppError, AppSecretId, AppWebhookId, Consent, InstallationId, Jwks, PublicKey, SecretError,
    Signer, SignerKey, SigningKey, SigningKeys, SigningSecret, VaultPlace,
};

/// New secrets of an app. The secret is shown here and never again.
#[derive(Debug)]
pub struct RotatedSecret {
    /// What the app verifies `v1` signatures with.
    pub secret: SecretString,
    /// What the app verifies `v1a` signatures with.
    pub public_key: PublicKey,
    /// Until when messages are signed with the old ones, too.
    pub old_until: DateTime<Utc>,
}

/// What a dispatcher signs with.
#[async_trait]
impl SigningKeys for AppRegistry {
    async fn signer(
        &self,
        app: InstallationId,
        _: AppWebhookId,
    ) -> Result<Signer, Box<dyn std::error::Error + Send + Sync>> {
        let signer = Self::signer(self, app).await?;
        Ok(signer.ok_or(AppError::NotFound { id: app })?)
    }
}

impl AppRegistry {
    /// Makes a new secret and a new key. Messages are signed with the old ones, too, for `overlap`
    /// (30 days at most), so that the app has time to change.
    ///
    /// # Errors
    ///
    /// [`AppError::NotYours`] without all that the app is allowed; [`AppError::TooMany`] when there are five generations that still sign;
    /// [`AppError::NotFound`], [`AppError::Installing`]; without `app:write`, and when the database
    /// fails.
    pub async fn rotate_secret(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        overlap: Duration,
    ) -> Result<RotatedSecret, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let (secret, key) = (SigningSecret::generate()?, SigningKey::generate()?);
        let old_until = self.after(overlap);
        let work = async |tx: &UnitOfWork| {
            let row = self.locked(tx, shop, id).await?;
            // Whoever has the secret speaks for czo to the app.
            self.check_consent(ctx, &row.granted.0, &Consent::ToAll).await?;
            self.forget_secrets(tx, Column::AppId.eq(id)).await?;
            let secrets = secret::Entity::find().filter(Column::AppId.eq(id)).all(&**tx).await?;
            // Of the kept ones and the new two, all are to sign.
            let most = Signer::MAX_KEYS - 2;
            if secrets.len() > most && !overlap.is_zero() {
                return Err(AppError::TooMany { what: "secrets", most: Signer::MAX_KEYS });
            }
            secret::Entity::update_many()
                .col_expr(Column::ExpiresAt, Expr::value(old_until))
                .filter(Column::AppId.eq(id))
                .filter(
                    Condition::any()
                        .add(Column::ExpiresAt.is_null())
                        .add(Column::ExpiresAt.gt(old_until)),
                )
                .exec(&**tx)
                .await?;
            self.insert_secrets(tx, id, &secret, &key).await?;
            let row = self.touch(tx, &row).await?;
            self.tell_updated(tx, ctx, &row, &["secret"])
        };
        self.transaction(work).await?;
        let (secret, public_key) = (secret.expose(), key.public_key());
        Ok(RotatedSecret { secret, public_key, old_until })
    }

    /// What signs messages to an app: its secret and its key, and of older ones those that still
    /// count. `None` for an app that there is not, or not yet, or not any more. For those who send;
    /// no permission is asked.
    ///
    /// # Errors
    ///
    /// When the vault does not open, and when the database fails.
    pub async fn signer(&self, app: InstallationId) -> Result<Option<Signer>, AppError> {
        let now = self.db().now();
        let secrets = secret::Entity::find()
            .filter(Column::AppId.eq(app))
            // The newest first, and of two that were made together the secret.
            .order_by_desc(Column::Id)
            .all(&**self.db())
            .await?;
        let counts = |row: &secret::Model| row.expires_at.is_none_or(|end| end > now);
        let keys = secrets.into_iter().filter(counts).map(|row| self.unseal(&row));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Ok(None) } else { Ok(Some(Signer::of(keys)?)) }
    }

    /// The public keys of an app, by which it verifies `v1a` signatures: those that sign now, and those
    /// that were replaced and still do. `None` for an app that there is not, or not yet, or not any
    /// more. They are no secret, and no permission is asked.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    pub async fn public_keys(&self, app: InstallationId) -> Result<Option<Jwks>, AppError> {
        let signer = self.signer(app).await?;
        Ok(signer.map(|signer| Jwks::of(&signer.public_keys())))
    }

    /// Whether the vault opens what is sealed: the newest secret that is there.
    ///
    /// # Errors
    ///
    /// [`AppError::Vault`] where it does not, with the key that is missing; and when the database
    /// fails.
    pub async fn check_vault(&self) -> Result<(), AppError> {
        let newest = secret::Entity::find().order_by_desc(Column::Id).limit(1);
        match newest.one(&**self.db()).await? {
            Some(secret) => self.unseal(&secret).map(drop),
            None => Ok(()),
        }
    }

    pub(super) async fn insert_secrets(
        &self,
        tx: &UnitOfWork,
        app: InstallationId,
        secret: &SigningSecret,
        key: &SigningKey,
    ) -> Result<(), AppError> {
        let of_kind = |kind, text: &SecretString| {
            let id = AppSecretId::generate(&*self.shared.ids);
            let sealed = self.shared.vault.seal(place(id), text.expose_secret().as_bytes())?;
            Ok::<_, AppError>(secret::ActiveModel {
                id: Set(id),
                app_id: Set(app),
                kind: Set(kind),
                sealed: Set(sealed),
                created_at: Set(self.db().now()),
                expires_at: Set(None),
            })
        };
        let key = of_kind(SecretKind::Key, &key.expose())?;
        let secret = of_kind(SecretKind::Secret, &secret.expose())?;
        secret::Entity::insert_many([key, secret]).exec_without_returning(&**tx).await?;
        Ok(())
    }

    /// Deletes the secrets that have expired.
    pub(super) async fn forget_secrets(
        &self,
        tx: &UnitOfWork,
        which: impl sea_orm::sea_query::IntoCondition,
    ) -> Result<u64, AppError> {
        let expired = secret::Entity::delete_many().filter(which.into_condition());
        let expired = expired.filter(Column::ExpiresAt.lte(self.db().now()));
        Ok(expired.exec(&**tx).await?.rows_affected)
    }

    fn unseal(&self, row: &secret::Model) -> Result<SignerKey, AppError> {
        let opened = self.shared.vault.open(place(row.id), &row.sealed)?;
        let prefix = match row.kind {
            SecretKind::Secret => SigningSecret::PREFIX,
            SecretKind::Key => SigningKey::PREFIX,
        };
        let text = std::str::from_utf8(&opened).map_err(|_| SecretError::Encoding { prefix })?;
        Ok(match row.kind {
            SecretKind::Secret => SignerKey::Secret(text.parse()?),
            SecretKind::Key => SignerKey::Key(text.parse()?),
        })
    }
}

pub(super) fn place(id: AppSecretId) -> VaultPlace {
    VaultPlace { table: "app_secret", column: "sealed", row: id.uuid() }
}
