use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use czo_apps::{
    PublicKey, ReceivedHeaders, SignatureError, SignatureHeaders, Signer, SigningKey,
    SigningSecret, Verifier,
};
use czo_core::{Classified, Clock, ErrorKind, ManualClock};
use proptest::prelude::*;

const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

/// A message with both kinds of signatures, and who verifies either.
struct Sent {
    signer: Signer,
    headers: SignatureHeaders,
    both: Verifier,
    by_secret: Verifier,
    by_key: Verifier,
}

fn sent() -> Sent {
    let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
    let key = SigningKey::generate().unwrap();
    let public: PublicKey = key.public_key();
    let signer = Signer::of([secret.clone().into(), key.into()]).unwrap();
    Sent {
        headers: signer.sign(&"msg_1".parse().unwrap(), now(), BODY),
        signer,
        both: Verifier::of([secret.clone().into(), public.into()]).unwrap(),
        by_secret: Verifier::new(secret),
        by_key: Verifier::new(public),
    }
}

impl Sent {
    /// What each of the three says of the headers with another signature.
    fn judge(&self, signature: &str) -> [Option<SignatureError>; 3] {
        let received = ReceivedHeaders { signature, ..self.headers.as_received() };
        [&self.both, &self.by_secret, &self.by_key]
            .map(|verifier| verifier.verify(&received, BODY, now()).err())
    }

    /// The two signatures, without their version.
    fn parts(&self) -> [&str; 2] {
        let (mac, signature) = self.headers.signature().split_once(' ').unwrap();
        [mac.strip_prefix("v1,").unwrap(), signature.strip_prefix("v1a,").unwrap()]
    }
}

#[test]
fn a_message_as_it_was_sent_is_good_for_everybody() {
    let sent = sent();
    assert_eq!(sent.judge(sent.headers.signature()), [None, None, None]);
    let names: Vec<_> = sent.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["webhook-id", "webhook-timestamp", "webhook-signature", "x-czo-signature"]);
    let values: Vec<_> = sent.headers.iter().map(|(_, value)| value).collect();
    assert_eq!(values[..2], ["msg_1", "1614265330"]);
    assert_eq!(values[2], values[3]);
}

#[test]
fn a_signature_that_is_not_whole_is_none() {
    let sent = sent();
    let [mac, signature] = sent.parts();
    let none = Some(SignatureError::NoSignature);
    let mut lists = vec![
        String::new(),
        " ".to_owned(),
        ",".to_owned(),
        "v1".to_owned(),
        "v1,".to_owned(),
        "v1a,".to_owned(),
        "v1, v1a,".to_owned(),
        format!("v2,{mac}"),
        format!("v1a,{mac} v1,{signature}"),
        mac.to_owned(),
        format!("V1,{mac}"),
        format!("v1,{mac}="),
        format!("v1,{}", mac.trim_end_matches('=')),
        format!("v1,{mac},"),
        "v1,!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!=".to_owned(),
        format!("v1,{}", "A".repeat(100_000)),
    ];
    // RUSTSEC-2024-0010: the beginning of a signature was taken for the signature.
    lists.extend((0..mac.len()).map(|end| format!("v1,{}", &mac[..end])));
    lists.extend((0..signature.len()).map(|end| format!("v1a,{}", &signature[..end])));
    for list in lists {
        assert_eq!(sent.judge(&list), [none.clone(), none.clone(), none.clone()], "{list}");
    }
}

#[test]
fn a_whole_signature_of_something_else_does_not_fit() {
    let sent = sent();
    let mismatch = Some(SignatureError::Mismatch);
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(sent.judge(other), [mismatch.clone(), mismatch, Some(SignatureError::NoSignature)]);
    for (id, timestamp, body) in [
        ("msg_2", "1614265330", BODY),
        ("msg_1", "1614265331", BODY),
        ("msg_1", "1614265330", b"{\"test\": 2432232315}"),
        ("msg_1", "1614265330", b""),
    ] {
        let received = ReceivedHeaders { id, timestamp, ..sent.headers.as_received() };
        for verifier in [&sent.both, &sent.by_secret, &sent.by_key] {
            assert_eq!(verifier.verify(&received, body, now()), Err(SignatureError::Mismatch));
        }
    }
}

#[test]
fn the_end_of_an_id_is_never_taken_for_the_time() {
    let sent = sent();
    for id in ["msg_1.1614265330", "msg.1", ".", "", "msg 1", "msg\u{0}"] {
        let received = ReceivedHeaders { id, ..sent.headers.as_received() };
        assert_eq!(sent.both.verify(&received, BODY, now()), Err(SignatureError::Id), "{id:?}");
    }
}

#[test]
fn a_time_is_written_in_one_way() {
    let sent = sent();
    for timestamp in [
        "",
        "-1",
        "+1614265330",
        "01614265330",
        "1614265330.0",
        "1614265330 ",
        "0x60",
        "1e9",
        "99999999999999999999",
        "9223372036854775807",
        "١",
    ] {
        let received = ReceivedHeaders { timestamp, ..sent.headers.as_received() };
        let found = sent.both.verify(&received, BODY, now());
        assert_eq!(found, Err(SignatureError::Timestamp), "{timestamp:?}");
    }
}

#[test]
fn a_message_is_good_for_300_s_both_ways() {
    let sent = sent();
    let clock = ManualClock::at(now());
    let verify = |verifier: &Verifier| {
        verifier.verify(&sent.headers.as_received(), BODY, clock.now()).map(|_| ())
    };
    let (tolerance, seconds) = (Verifier::TOLERANCE, Duration::from_secs);
    for (offset, expected) in [
        (300, Ok(())),
        (301, Err(SignatureError::TooOld { age: seconds(301), tolerance })),
        (-300, Ok(())),
        (-301, Err(SignatureError::TooNew { ahead: seconds(301), tolerance })),
    ] {
        clock.set(now() + TimeDelta::seconds(offset));
        assert_eq!(verify(&sent.both), expected, "{offset}");
    }
    clock.set(now() + TimeDelta::seconds(6));
    assert!(verify(&sent.both.clone().tolerance(seconds(5))).is_err());
    clock.set(DateTime::<Utc>::MAX_UTC);
    assert!(matches!(verify(&sent.both), Err(SignatureError::TooOld { .. })));
}

#[test]
fn more_signatures_than_anybody_needs_are_refused() {
    let sent = sent();
    let [mac, _] = sent.parts();
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ";
    assert_eq!(sent.judge(&format!("{}v1,{mac}", wrong.repeat(19)))[0], None);
    let many = sent.judge(&format!("{}v1,{mac}", wrong.repeat(20)));
    assert_eq!(many[0], Some(SignatureError::TooMany { most: 20 }));
}

#[test]
fn a_header_that_is_missing_is_named() {
    let missing = ReceivedHeaders::find(|name| (name != "webhook-timestamp").then_some("x"));
    let error = missing.unwrap_err();
    assert_eq!(error.to_string(), "the header `webhook-timestamp` is missing");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(SignatureError::Id.kind(), ErrorKind::Invalid);
}

static SENT: LazyLock<Sent> = LazyLock::new(sent);

proptest! {
    // Curves are slow without optimization.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_message_that_was_changed_is_good(
        body in prop::collection::vec(any::<u8>(), 1..100),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let (verifier, signer) = (&SENT.by_key, &SENT.signer);
        let headers = signer.sign(&"msg_1".parse().unwrap(), now(), &body);
        prop_assert!(verifier.verify(&headers.as_received(), &body, now()).is_ok());
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        let found = verifier.verify(&headers.as_received(), &changed, now());
        prop_assert_eq!(found, Err(SignatureError::Mismatch));
    }

    #[test]
    fn arbitrary_headers_never_panic(id in ".{0,20}", timestamp in "[0-9.e-]{0,20}", signature in "(v1a?,)?.{0,60}") {
        let received = ReceivedHeaders { id: &id, timestamp: &timestamp, signature: &signature };
        prop_assert!(SENT.both.verify(&received, BODY, now()).is_err());
    }
}
