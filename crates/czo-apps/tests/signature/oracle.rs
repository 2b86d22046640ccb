//! The library of Standard Webhooks says the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use czo_apps::{MessageId, ReceivedHeaders, Signer, SigningSecret, Verifier};
use proptest::prelude::*;
use standardwebhooks::Webhook;

proptest! {
    #[test]
    fn both_sign_alike(
        key in prop::collection::vec(any::<u8>(), 24..=64),
        id in "[!-\\-/-~]{1,40}",
        timestamp in 0..4_000_000_000_i64,
        body in ".{0,200}",
    ) {
        let secret = format!("whsec_{}", STANDARD.encode(key));
        let oracle = Webhook::new(&secret).unwrap();
        let secret: SigningSecret = secret.parse().unwrap();
        let (id, now): (MessageId, _) = (id.parse().unwrap(), DateTime::from_timestamp(timestamp, 0).unwrap());
        let headers = Signer::new(secret.clone()).sign(&id, now, body.as_bytes());
        let expected = oracle.sign(id.as_str(), timestamp, body.as_bytes()).unwrap();
        prop_assert_eq!(headers.signature(), &expected);
        // And what it signs is taken here.
        let time = timestamp.to_string();
        let received = ReceivedHeaders { id: id.as_str(), timestamp: &time, signature: &expected };
        let verified = Verifier::new(secret).verify(&received, body.as_bytes(), now).unwrap();
        prop_assert_eq!(verified.id, id);
        prop_assert_eq!(verified.timestamp, now);
    }

    #[test]
    fn both_judge_alike(
        changed in any::<prop::sample::Index>(),
        to in "[a-zA-Z0-9+/=, ]",
        cut in 0..4_usize,
    ) {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let oracle = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let now = Utc::now();
        let sent = Signer::new(secret.clone()).sign(&"msg_1".parse().unwrap(), now, b"{}");
        let mut signature = sent.signature().to_owned();
        let at = changed.index(signature.len());
        signature.replace_range(at..=at, &to);
        signature.truncate(signature.len() - cut);
        let received = ReceivedHeaders { signature: &signature, ..sent.as_received() };
        let ours = Verifier::new(secret).verify(&received, b"{}", now).is_ok();
        let headers = [("webhook-id", received.id), ("webhook-timestamp", received.timestamp), ("webhook-signature", &signature)];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let theirs = oracle.verify(b"{}", &headers.into_iter().collect()).is_ok();
        prop_assert_eq!(ours, theirs, "{}", signature);
    }
}
