//! What a session token says.

use chrono::{DateTime, Utc};
use czo_core::{ActorId, ShopId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::jwt;
use crate::{AppId, HttpUrl, Identifier, InstallationId, Mount, SigningSecret};

czo_core::typed_id! {
    /// Identifies a session token (it is not the token itself).
    pub struct SessionTokenId("appsess");
}

/// What a session token says: who looks at which part of which app, in which shop. As JSON it has
/// the names of RFC 7519 where there are any; times are whole seconds since 1970.
///
/// It says nothing of what the user may do. What an app does for a user it does with its own token
/// and its own grants; whether this user may have that done is for the app to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionClaims {
    /// `iss`: where the API of this czo is, as the app was told at the handshake (`apiUrl`).
    #[serde(rename = "iss")]
    pub issuer: HttpUrl,
    /// `aud`: the app, by the `id` of its manifest.
    #[serde(rename = "aud")]
    pub audience: AppId,
    /// `sub`: whoever looks at it.
    #[serde(rename = "sub")]
    pub user: ActorId,
    /// The shop.
    pub shop: ShopId,
    /// The installation of the app in the shop.
    pub installation: InstallationId,
    /// What the manifest calls the extension.
    pub extension: Identifier,
    /// Where the dashboard shows it.
    pub mount: Mount,
    /// The id of what the page is about, such as a product, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// `iat`: when it was issued.
    #[serde(rename = "iat", with = "chrono::serde::ts_seconds")]
    pub issued_at: DateTime<Utc>,
    /// `nbf`: from when on it counts.
    #[serde(rename = "nbf", with = "chrono::serde::ts_seconds")]
    pub not_before: DateTime<Utc>,
    /// `exp`: from when on it does not count any more.
    #[serde(rename = "exp", with = "chrono::serde::ts_seconds")]
    pub expires_at: DateTime<Utc>,
    /// `jti`: tells the token from others.
    #[serde(rename = "jti")]
    pub id: SessionTokenId,
}

impl SessionClaims {
    /// The token that says this, signed by a secret: what czo does, and what the tests of an app
    /// do.
    #[must_use]
    pub fn sign(&self, secret: &SigningSecret) -> SecretString {
        jwt::encode(self, secret).into()
    }
}
