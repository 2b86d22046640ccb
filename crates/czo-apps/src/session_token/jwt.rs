//! The form of a token: JSON Web Signature in its compact form (RFC 7515), by HS256 and nothing
//! else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::Choice;

use super::error::SessionTokenError;
use crate::{InstallationId, SessionClaims, SigningSecret};

/// The longest token. Those that czo issues have less than 2,000 bytes.
const MAX_LEN: usize = 4_096;

const ALGORITHM: &str = "HS256";

#[derive(Serialize)]
struct NewHeader {
    alg: &'static str,
    typ: &'static str,
    /// Which secret, as far as that needs to be told: that of an installation.
    kid: InstallationId,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<InstallationId>,
    /// What must be understood by whoever reads it. Nothing of it is.
    crit: Option<Value>,
}

pub(super) fn encode(claims: &SessionClaims, secret: &SigningSecret) -> String {
    let header = NewHeader { alg: ALGORITHM, typ: "JWT", kid: claims.installation };
    let json = |value: Result<Vec<u8>, serde_json::Error>| {
        URL_SAFE_NO_PAD.encode(value.expect("texts and numbers have a JSON form"))
    };
    let (header, claims) = (json(serde_json::to_vec(&header)), json(serde_json::to_vec(claims)));
    let mut token = format!("{header}.{claims}");
    let mac = secret.mac(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(mac, &mut token);
    token
}

/// A token that was taken apart. Nothing of it is believed yet.
pub(super) struct Parts<'a> {
    /// Whose secret it claims to be signed by.
    pub(super) installation: InstallationId,
    signed: &'a str,
    claims: &'a str,
    mac: [u8; SigningSecret::MAC_LEN],
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, SessionTokenError> {
        let form = SessionTokenError::Form;
        if token.len() > MAX_LEN {
            return Err(form);
        }
        let (signed, mac) = token.rsplit_once('.').ok_or(form.clone())?;
        let (header, claims) = signed.split_once('.').ok_or(form.clone())?;
        let header: Header = decode(header)?;
        // Whoever signs does not say how that is checked: there is one way.
        if header.alg != ALGORITHM || header.crit.is_some() {
            return Err(SessionTokenError::Algorithm);
        }
        let installation = header.kid.ok_or(form.clone())?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok().and_then(|mac| mac.try_into().ok());
        Ok(Self { installation, signed, claims, mac: mac.ok_or(form)? })
    }

    /// What it says, if one of the secrets has signed it. All are tried, in a time that does not
    /// depend on which fits and how much.
    pub(super) fn claims(
        &self,
        secrets: &[SigningSecret],
    ) -> Result<SessionClaims, SessionTokenError> {
        let fits = secrets.iter().fold(Choice::from(0), |found, secret| {
            found | secret.has_made(self.signed.as_bytes(), &self.mac)
        });
        if !bool::from(fits) {
            return Err(SessionTokenError::Mismatch);
        }
        decode(self.claims)
    }
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, SessionTokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| SessionTokenError::Form)?;
    serde_json::from_slice(&bytes).map_err(|_| SessionTokenError::Form)
}
