//! Access tokens: made once, kept as a hash.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use czo_core::{Actor, ActorId, ActorType, Clock, IdGenerator, StaticRoles, TokenId};
use czo_http::{Authenticator, AuthenticatorError};
use czo_repo::Database;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, Set};
use secrecy::SecretString;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::RuntimeError;

/// What every token starts with, so that scanners find one that leaked.
const PREFIX: &str = "czo_";
/// Random bytes of a token.
const SECRET_BYTES: usize = 32;

/// The access tokens of a server.
///
/// A token is 256 random bits; the database has only its SHA-256, so that nobody who reads the
/// database can act with it. A revoked token is refused from the next request on.
#[derive(Clone, Debug)]
pub struct AccessTokens {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

/// What may be known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessToken {
    /// Its id.
    pub id: TokenId,
    /// What it was named.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod row {
    use chrono::{DateTime, Utc};
    use czo_core::TokenId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "runtime_access_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: TokenId,
        pub name: String,
        pub hash: String,
        pub role: String,
        pub created_at: DateTime<Utc>,
        pub revoked_at: Option<DateTime<Utc>>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl AccessTokens {
    /// The tokens in this database.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { database, clock, ids }
    }

    /// Makes the owner's token if there has never been any token, and gives it to `keep` before it
    /// counts: a token that could not be kept was never made. Of several servers that start at
    /// once, one makes it.
    ///
    /// # Errors
    ///
    /// When the database fails, or `keep`.
    pub async fn first_owner(
        &self,
        keep: impl FnOnce(&SecretString) -> Result<(), RuntimeError>,
    ) -> Result<Option<SecretString>, RuntimeError> {
        if row::Entity::find().count(&*self.database).await? > 0 {
            return Ok(None);
        }
        let tx = self.database.begin().await?;
        if !self.database.is_sqlite() {
            let lock = "LOCK TABLE runtime_access_token IN SHARE ROW EXCLUSIVE MODE";
            tx.execute_unprepared(lock).await?;
        }
        if row::Entity::find().count(&*tx).await? > 0 {
            return Ok(None);
        }
        let (_, token) = self.insert(&*tx, "owner", StaticRoles::OWNER).await?;
        keep(&token)?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Makes a token with a role of `roles`. The secret is shown here and never again.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownRole`], and when the database fails.
    pub async fn create(
        &self,
        name: &str,
        role: &str,
        roles: &StaticRoles,
    ) -> Result<(TokenId, SecretString), RuntimeError> {
        if !roles.is_known(role) {
            let known = roles.names().map(str::to_owned).collect();
            return Err(RuntimeError::UnknownRole { role: role.to_owned(), known });
        }
        self.insert(&*self.database, name, role).await
    }

    async fn insert(
        &self,
        db: &impl ConnectionTrait,
        name: &str,
        role: &str,
    ) -> Result<(TokenId, SecretString), RuntimeError> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| RuntimeError::Random)?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let id = TokenId::generate(&*self.ids);
        let row = row::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            hash: Set(hash(&token)),
            role: Set(role.to_owned()),
            created_at: Set(self.clock.now()),
            revoked_at: Set(None),
        };
        row::Entity::insert(row).exec_without_returning(db).await?;
        Ok((id, token.into()))
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<AccessToken>, RuntimeError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(&*self.database).await?;
        Ok(rows
            .into_iter()
            .map(|row| AccessToken {
                id: row.id,
                name: row.name,
                role: row.role,
                created_at: row.created_at,
                revoked_at: row.revoked_at,
            })
            .collect())
    }

    /// Revokes a token.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::UnknownToken`] when there is none, or it is revoked already.
    pub async fn revoke(&self, id: TokenId) -> Result<(), RuntimeError> {
        let revoked = row::Entity::update_many()
            .col_expr(row::Column::RevokedAt, Expr::value(Some(self.clock.now())))
            .filter(row::Column::Id.eq(id))
            .filter(row::Column::RevokedAt.is_null())
            .exec(&*self.database)
            .await?;
        if revoked.rows_affected == 0 { Err(RuntimeError::UnknownToken(id)) } else { Ok(()) }
    }
}

#[async_trait]
impl Authenticator for AccessTokens {
    async fn authenticate(&self, token: &str) -> Result<Option<Actor>, AuthenticatorError> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = hash(token);
        let found = row::Entity::find()
            .filter(row::Column::Hash.eq(&hash))
            .filter(row::Column::RevokedAt.is_null())
            .one(&*self.database)
            .await
            .map_err(|error| AuthenticatorError(Box::new(error)))?;
        // The index compared hashes, whose timing tells nothing about the token; compared once
        // more in constant time, it tells nothing about the hash either.
        Ok(found.filter(|row| bool::from(row.hash.as_bytes().ct_eq(hash.as_bytes()))).map(|row| {
            Actor::Known {
                id: ActorId::from(row.id.uuid()),
                kind: ActorType::User,
                roles: vec![row.role],
            }
        }))
    }
}

fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}
