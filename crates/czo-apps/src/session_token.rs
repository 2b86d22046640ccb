//! Who looks at an app in the dashboard, told to the app so that it can believe it (requirement APP
//! 10).

mod claims;
mod error;
mod jwt;
mod verifier;

use chrono::{DateTime, TimeDelta, Utc};
use czo_core::{Actor, ActorId, ActorType, RequestContext};
use secrecy::SecretString;

pub use self::claims::{SessionClaims, SessionTokenId};
pub use self::error::{SessionError, SessionTokenError};
pub use self::verifier::SessionVerifier;
use crate::{AppError, AppRegistry, Extension, Identifier, InstallationId, Mount};

/// How long a token counts.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// The longest id of an entity, in bytes.
const MAX_ENTITY: usize = 255;

/// Issues session tokens: what the dashboard hands to the page of an app in a frame, so that the
/// app knows who looks at it. Cheap to clone.
///
/// **Promise.** A token is issued only to a person, for an app that is installed and enabled in the
/// shop of the context, for an extension that its manifest has at that mount, and only if that
/// person is allowed, in this shop, everything that the extension names in `permissions`. Where it
/// names nothing, that is `app:read`, so that nobody gets a token for a shop that is none of theirs.
/// It counts for 60 s; the dashboard asks for another before that.
///
/// **Form.** A JSON Web Token signed by HS256 with the signing secret of the installation, which the
/// app has from its handshake, so that any library verifies it ([`SessionVerifier`] here). Only the
/// app itself could forge one, which would tell it what it knows. `kid` is the installation.
///
/// **While the secret is replaced**, tokens are signed with the oldest that still counts: the app
/// has that one for certain. It keeps the old secret beside the new one until the old one has
/// ended, and is never without a token that it can verify.
///
/// **Limits.** Whether the user may see the entity is not asked: it is whatever the dashboard shows. A
/// token is not revoked; it ends. It is no token for the API of czo.
#[derive(Clone, Debug)]
pub struct SessionTokens {
    registry: AppRegistry,
}

/// For what a session token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// Which installation.
    pub app: InstallationId,
    /// Which of its extensions.
    pub extension: Identifier,
    /// Where the dashboard shows it.
    pub mount: Mount,
    /// The id of what the page is about, such as `product_…`, if it is about one.
    pub entity: Option<String>,
}

/// A session token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionToken {
    /// The token, for the page in the frame and nobody else.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// What the frame shows.
    pub extension: Extension,
}

impl SessionTokens {
    /// Issues tokens for the apps of a registry.
    #[must_use]
    pub fn new(registry: &AppRegistry) -> Self {
        Self { registry: registry.clone() }
    }

    /// A token for whoever asks, to be handed to the page of an extension.
    ///
    /// # Errors
    ///
    /// [`AppError::Session`] for every [`SessionError`], [`AppError::NotFound`] and
    /// [`AppError::Installing`], [`AppError::Permission`] with what is missing; when the vault does
    /// not open, and when the database fails.
    pub async fn issue(
        &self,
        ctx: &RequestContext,
        request: SessionRequest,
    ) -> Result<SessionToken, AppError> {
        let user = user(&ctx.actor)?;
        let SessionRequest { app, extension, mount, entity } = request;
        if !entity.as_deref().is_none_or(is_entity) {
            return Err(SessionError::Entity.into());
        }
        let installation = self.registry.enabled(ctx, app).await?;
        let extensions = installation.manifest.extensions;
        let found =
            extensions.into_iter().find(|one| one.identifier == extension && one.mount == mount);
        let found = found.ok_or(SessionError::NoExtension { extension, mount })?;
        self.registry.require_all(ctx, &found.permissions).await?;
        let signer = self.registry.signer(app).await?;
        let secret = signer.as_ref().and_then(|signer| signer.oldest_secret());
        let secret = secret.ok_or(SessionError::NoSecret { id: app })?;
        let (now, id) = self.registry.moment();
        // Whole seconds, as the token has them.
        let now = DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now);
        let expires_at = now + LIFETIME;
        let claims = SessionClaims {
            issuer: self.registry.api_url().clone(),
            audience: installation.manifest.id,
            user,
            shop: installation.shop_id,
            installation: app,
            extension: found.identifier.clone(),
            mount,
            entity,
            issued_at: now,
            not_before: now,
            expires_at,
            id: SessionTokenId::from(id),
        };
        Ok(SessionToken { token: claims.sign(secret), expires_at, extension: found })
    }
}

fn user(actor: &Actor) -> Result<ActorId, SessionError> {
    match actor {
        Actor::Known { id, kind: ActorType::User, .. } => Ok(*id),
        Actor::Anonymous => Err(SessionError::Anonymous),
        _ => Err(SessionError::NotUser),
    }
}

fn is_entity(text: &str) -> bool {
    (1..=MAX_ENTITY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
