//! What czo and an app say to each other when the app is installed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use czo_core::ShopId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::AppRegistry;
use super::options::Patience;
use super::rows::installation;
use crate::manifest::printable;
use crate::tokens::NewToken;
use crate::transport::within;
use crate::{
    AppAnswer, AppError, AppGrant, AppId, HandshakeId, HandshakeProblem, HandshakeStep,
    InstallationId, MessageId, PublicKey, Signer, SigningKey, SigningSecret,
};

/// How much of an answer is told.
const MAX_TOLD: usize = 200;

/// Bytes of a message, and of each grant in it, at most.
const CAPACITY: usize = 8 * 1024;
const CAPACITY_OF_GRANT: usize = 512;

/// What an app gets at the end of the handshake.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) token: NewToken,
    pub(super) token_end: DateTime<Utc>,
    pub(super) secret: SigningSecret,
    pub(super) key: SigningKey,
}

impl Credentials {
    pub(super) fn generate(token_end: DateTime<Utc>) -> Result<Self, AppError> {
        let (token, secret) = (NewToken::generate()?, SigningSecret::generate()?);
        Ok(Self { token, token_end, secret, key: SigningKey::generate()? })
    }
}

/// What both messages say: whose they are, and where czo is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a, T> {
    r#type: &'static str,
    app_id: &'a AppId,
    installation_id: InstallationId,
    shop_id: ShopId,
    api_url: &'a str,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Challenge<'a> {
    challenge: &'a str,
}

#[derive(Deserialize)]
struct Repeated {
    challenge: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Installed<'a> {
    token: &'a str,
    token_expires_at: DateTime<Utc>,
    signing_secret: &'a str,
    public_key: PublicKey,
    granted: &'a [AppGrant],
}

impl AppRegistry {
    /// Asks the app to repeat something at random.
    pub(super) async fn challenge(
        &self,
        row: &installation::Model,
        patience: Patience,
    ) -> Result<(), AppError> {
        let step = HandshakeStep::Challenge;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| AppError::Random)?;
        let challenge = URL_SAFE_NO_PAD.encode(bytes);
        let body = self.message(row, "app.challenge", Challenge { challenge: &challenge })?;
        let answer = self.post(row, step, patience, &[], &body).await?;
        if !answer.is_success() {
            return Err(status(step, &answer, &[]));
        }
        let repeated = serde_json::from_slice::<Repeated>(&answer.body);
        let is_same = |repeated: &Repeated| {
            bool::from(repeated.challenge.as_bytes().ct_eq(challenge.as_bytes()))
        };
        if repeated.as_ref().is_ok_and(is_same) {
            return Ok(());
        }
        let problem = HandshakeProblem::WrongChallenge { answer: told(&answer.body, &[]) };
        Err(AppError::Handshake { step, problem })
    }

    /// Sends the app what it gets, signed with it.
    pub(super) async fn hand_over(
        &self,
        row: &installation::Model,
        credentials: &Credentials,
        patience: Patience,
    ) -> Result<(), AppError> {
        let Credentials { token, token_end, secret, key } = credentials;
        let secret_text: SecretString = secret.expose();
        let installed = Installed {
            token: token.text(),
            token_expires_at: *token_end,
            signing_secret: secret_text.expose_secret(),
            public_key: key.public_key(),
            granted: &row.granted.0,
        };
        let body = self.message(row, "app.installed", installed)?;
        let signer = Signer::of([secret.clone().into(), key.clone().into()])?;
        let id = MessageId::of(HandshakeId::generate(&*self.shared.ids));
        let signature = signer.sign(&id, self.shared.clock.now(), &body);
        let headers: Vec<_> = signature.iter().collect();
        let step = HandshakeStep::Installed;
        let answer = self.post(row, step, patience, &headers, &body).await?;
        if answer.is_success() {
            return Ok(());
        }
        Err(status(step, &answer, &[token.text(), secret_text.expose_secret()]))
    }

    /// The body of a message. It is wiped when it is dropped.
    fn message(
        &self,
        row: &installation::Model,
        r#type: &'static str,
        rest: impl Serialize,
    ) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let message = Message {
            r#type,
            app_id: &row.manifest.0.id,
            installation_id: row.id,
            shop_id: row.shop_id,
            api_url: self.shared.options.api_url.as_str(),
            rest,
        };
        // Large enough that it is not moved, which would leave copies.
        let capacity = CAPACITY + row.granted.0.len() * CAPACITY_OF_GRANT;
        let mut body = Zeroizing::new(Vec::with_capacity(capacity));
        serde_json::to_writer(&mut *body, &message).map_err(AppError::Encode)?;
        Ok(body)
    }

    async fn post(
        &self,
        row: &installation::Model,
        step: HandshakeStep,
        patience: Patience,
        signature: &[(&str, &str)],
        body: &[u8],
    ) -> Result<AppAnswer, AppError> {
        let manifest = &row.manifest.0;
        let own = [("content-type", "application/json"), ("x-czo-app-id", manifest.id.as_str())];
        let headers = [&own[..], signature].concat();
        let limits = patience.of_handshake();
        let (transport, url) = (&self.shared.transport, &manifest.handshake_url);
        let answer = within(limits, transport.post(url, &headers, body, limits)).await;
        answer.map_err(|error| {
            let problem = HandshakeProblem::NoAnswer(error);
            AppError::Handshake { step, problem }
        })
    }
}

fn status(step: HandshakeStep, answer: &AppAnswer, secrets: &[&str]) -> AppError {
    let told = told(&answer.body, secrets);
    let problem = HandshakeProblem::Status { status: answer.status, answer: told };
    AppError::Handshake { step, problem }
}

/// The beginning of an answer, for people. Some apps answer with what they were sent.
fn told(body: &[u8], secrets: &[&str]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets {
        text = text.replace(secret, "[redacted]");
    }
    let text: String = text.chars().take(MAX_TOLD).collect();
    printable(text.trim())
}
