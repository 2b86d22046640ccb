//! Whose token it is: a person's, or an app's.

use async_trait::async_trait;
use czo_apps::AppTokens;
use czo_core::Actor;
use czo_http::{Authenticator, AuthenticatorError};

use crate::AccessTokens;

/// Knows the tokens of people and those of apps. They are told from each other by how they begin, so
/// each costs one question to the database.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) people: AccessTokens,
    pub(crate) apps: AppTokens,
}

#[async_trait]
impl Authenticator for Credentials {
    async fn authenticate(&self, token: &str) -> Result<Option<Actor>, AuthenticatorError> {
        let app = self.apps.authenticate(token).await;
        match app.map_err(|error| AuthenticatorError(Box::new(error)))? {
            Some(app) => Ok(Some(app.actor())),
            None => self.people.authenticate(token).await,
        }
    }
}
