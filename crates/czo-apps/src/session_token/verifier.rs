//! The app's side.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::SessionTokenError;
use super::jwt::Parts;
use crate::{AppId, HttpUrl, InstallationId, SessionClaims, SigningSecret};

/// How far the clocks of czo and of the app may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(10);

/// Verifies session tokens, as an app does with those that its page was given by the dashboard.
///
/// **Promise.** A token is good if it is signed by HS256 with one of the secrets, of this czo, for
/// this app, and if it counts now, give or take 10 s. A token that names another algorithm, or
/// none, is refused before anything is computed. Signatures are compared in a time that does not
/// depend on how much fits.
///
/// **Limits.** A token that comes twice within its minute is good twice; who must know keeps
/// [`SessionClaims::id`]. Whether the shop is one that the app serves is for the app to look at.
///
/// Written in another language, an app takes any library for JSON Web Tokens: algorithm `HS256` and
/// no other, the key is the bytes behind `whsec_` decoded from base64, `iss` is the `apiUrl` of the
/// handshake, `aud` the app's id, leeway 10 s. The header `kid` says of which installation the
/// secret is.
#[derive(Clone, Debug)]
pub struct SessionVerifier {
    issuer: HttpUrl,
    audience: AppId,
    secrets: Vec<SigningSecret>,
}

impl SessionVerifier {
    /// Verifies tokens of the czo whose API is at `api_url`, for `app`, signed by one of the
    /// secrets of one installation: one, or several while it is replaced.
    #[must_use]
    pub fn new(
        api_url: HttpUrl,
        app: AppId,
        secrets: impl IntoIterator<Item = SigningSecret>,
    ) -> Self {
        Self { issuer: api_url, audience: app, secrets: secrets.into_iter().collect() }
    }

    /// For an app that is in several shops: of which installation a token claims to be, so that
    /// its secrets can be found. Nothing is verified.
    ///
    /// # Errors
    ///
    /// [`SessionTokenError::Form`] and [`SessionTokenError::Algorithm`].
    pub fn claimed_installation(token: &str) -> Result<InstallationId, SessionTokenError> {
        Parts::of(token).map(|parts| parts.installation)
    }

    /// What a token says, if it is good at `now`.
    ///
    /// # Errors
    ///
    /// Every [`SessionTokenError`].
    pub fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<SessionClaims, SessionTokenError> {
        let parts = Parts::of(token)?;
        let claims = parts.claims(&self.secrets)?;
        if claims.installation != parts.installation {
            return Err(SessionTokenError::Form);
        }
        if claims.issuer != self.issuer {
            return Err(SessionTokenError::Issuer);
        }
        if claims.audience != self.audience {
            return Err(SessionTokenError::Audience);
        }
        let over = now.signed_duration_since(claims.expires_at);
        if over >= LEEWAY {
            return Err(SessionTokenError::Expired { ago: length(over) });
        }
        let from = claims.not_before.max(claims.issued_at);
        let ahead = from.signed_duration_since(now);
        if ahead > LEEWAY {
            return Err(SessionTokenError::NotYet { ahead: length(ahead) });
        }
        Ok(claims)
    }
}

fn length(delta: TimeDelta) -> Duration {
    delta.to_std().unwrap_or_default()
}
