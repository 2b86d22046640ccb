//! Whose token it is.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use czo_core::{Actor, Clock, ShopId};
use czo_repo::{Database, DatabaseError};
use sea_orm::{FromQueryResult, Statement};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::registry::Grants;
use crate::{AppError, AppGrant, InstallationId, InstallationStatus, permissions};

/// What every token of an app begins with, so that scanners find one that leaked.
const PREFIX: &str = "czoapp_";
/// Random bytes of a token.
const SECRET_BYTES: usize = 32;
/// Bytes of a token as text.
const LEN: usize = PREFIX.len() + (SECRET_BYTES * 4).div_ceil(3);

/// One statement: whose it is, and everything that may keep it from counting.
const FIND: &str = "\
SELECT t.hash, t.expires_at, t.revoked_at, i.id, i.shop_id, i.status, i.granted, i.deleted_at \
FROM app_token t JOIN app_installation i ON i.id = t.app_id WHERE t.hash = $1";

/// Tells whose the tokens of apps are.
///
/// A token is `czoapp_` and 256 random bits; the database has only its SHA-256, so that nobody who
/// reads the database can act with it. Each is looked up in the database (the primary) on every
/// request, by one statement, and nothing is remembered: what is revoked, expired, disabled or
/// uninstalled counts nowhere from the next request on, and a grant that was given or taken is seen
/// by it.
#[derive(Clone, Debug)]
pub struct AppTokens {
    database: Database,
    clock: Arc<dyn Clock>,
}

/// Which app it is, where, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppIdentity {
    /// The installation.
    pub app: InstallationId,
    /// The shop that it is in.
    pub shop: ShopId,
    /// What it is allowed.
    pub grants: Vec<AppGrant>,
    /// When its token ends.
    pub expires_at: DateTime<Utc>,
}

impl AppIdentity {
    /// The app as whoever acts, with its grants among its roles, where
    /// [`AppPermissions`](crate::AppPermissions) finds them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        permissions::actor(self.app, self.shop, &self.grants)
    }
}

#[derive(FromQueryResult)]
struct Found {
    hash: String,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    id: InstallationId,
    shop_id: ShopId,
    status: InstallationStatus,
    granted: Grants,
    deleted_at: Option<DateTime<Utc>>,
}

impl AppTokens {
    /// The tokens in this database.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Whose token it is, or `None` for one that is unknown, expired or revoked, or of an app that
    /// is not enabled.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn authenticate(&self, token: &str) -> Result<Option<AppIdentity>, AppError> {
        if token.len() != LEN || !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = hash(token);
        let backend = self.database.get_database_backend();
        let find = Statement::from_sql_and_values(backend, FIND, [hash.as_str().into()]);
        let found = Found::find_by_statement(find).one(&*self.database).await;
        let Some(found) = found.map_err(DatabaseError::from)? else { return Ok(None) };
        // The index compared hashes, whose timing tells nothing about the token; compared once
        // more in constant time, it tells nothing about the hash either.
        let is_same = bool::from(found.hash.as_bytes().ct_eq(hash.as_bytes()));
        let counts = is_same
            && found.revoked_at.is_none()
            && found.expires_at > self.clock.now()
            && found.status == InstallationStatus::Enabled
            && found.deleted_at.is_none();
        Ok(counts.then_some(AppIdentity {
            app: found.id,
            shop: found.shop_id,
            grants: found.granted.0,
            expires_at: found.expires_at,
        }))
    }
}

/// A token that nobody has yet.
pub(crate) struct NewToken(SecretString);

impl NewToken {
    pub(crate) fn generate() -> Result<Self, AppError> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| AppError::Random)?;
        let mut token = String::with_capacity(LEN);
        token.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut token);
        Ok(Self(token.into()))
    }

    pub(crate) fn text(&self) -> &str {
        self.0.expose_secret()
    }

    pub(crate) fn into_secret(self) -> SecretString {
        self.0
    }

    pub(crate) fn hash(&self) -> String {
        hash(self.text())
    }

    /// By which people tell it from others.
    pub(crate) fn last4(&self) -> String {
        self.text()[LEN - 4..].to_owned()
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewToken(czoapp_…)")
    }
}

fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}
