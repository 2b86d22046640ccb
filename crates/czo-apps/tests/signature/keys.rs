use czo_apps::{MessageId, PublicKey, SecretError, SigningKey, SigningSecret};
use czo_core::{Classified, ErrorKind, EventId, SequentialIds};
use secrecy::ExposeSecret;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// `prefix` and as many bytes in base64.
fn text(prefix: &str, bytes: usize) -> String {
    let whole = "AAAA".repeat(bytes / 3);
    let rest = ["", "AA==", "AAA="][bytes % 3];
    format!("{prefix}{whole}{rest}")
}

#[test]
fn secrets_and_keys_are_read_as_they_are_written() {
    let secret = SigningSecret::generate().unwrap();
    let text = secret.expose();
    let again: SigningSecret = text.expose_secret().parse().unwrap();
    assert_eq!(again.expose().expose_secret(), text.expose_secret());
    assert_eq!(text.expose_secret().len(), "whsec_".len() + 44);

    let key = SigningKey::generate().unwrap();
    let again: SigningKey = key.expose().expose_secret().parse().unwrap();
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(key.public_key().to_string().parse(), Ok(key.public_key()));
}

#[test]
fn every_new_one_is_another() {
    let [a, b] = [(); 2].map(|()| SigningSecret::generate().unwrap().expose());
    assert_ne!(a.expose_secret(), b.expose_secret());
    let [a, b] = [(); 2].map(|()| SigningKey::generate().unwrap().public_key());
    assert_ne!(a, b);
}

#[test]
fn a_key_may_come_without_its_public_half() {
    let key = SigningKey::generate().unwrap();
    let pair = key.expose();
    // 32 bytes are 42 characters and a part of the next, which is that of a zero bit pair here.
    let seed = "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let alone: SigningKey = seed.parse().unwrap();
    let whole = alone.expose();
    assert!(whole.expose_secret().starts_with("whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    assert_eq!(whole.expose_secret().len(), pair.expose_secret().len());
}

#[test]
fn what_is_no_secret_is_refused() {
    let read = |text: &str| text.parse::<SigningSecret>().map(|_| ()).unwrap_err();
    assert_eq!(read(&SECRET[6..]), SecretError::Prefix { expected: "whsec_" });
    assert_eq!(read("whsk_AAAA"), SecretError::Prefix { expected: "whsec_" });
    for wrong in ["whsec_!", "whsec_AAA", "whsec_AB==", " whsec_", "whsec_AA AA"] {
        assert!(
            matches!(read(wrong), SecretError::Encoding { .. } | SecretError::Prefix { .. }),
            "{wrong}"
        );
    }
    for (bytes, fits) in [(0, false), (23, false), (24, true), (32, true), (64, true), (65, false)]
    {
        assert_eq!(text("whsec_", bytes).parse::<SigningSecret>().is_ok(), fits, "{bytes}");
    }
    assert_eq!(
        read(&text("whsec_", 23)).to_string(),
        "expected 24 to 64 bytes behind `whsec_`, found 23"
    );
    assert_eq!(read("whsec_").kind(), ErrorKind::Invalid);
}

#[test]
fn what_is_no_key_is_refused() {
    for (bytes, fits) in [(31, false), (32, true), (33, false), (63, false), (64, false)] {
        // The public half of 64 zeros is not that of 32 zeros.
        assert_eq!(text("whsk_", bytes).parse::<SigningKey>().is_ok(), fits, "{bytes}");
    }
    let read = |text: &str| text.parse::<PublicKey>().unwrap_err();
    assert_eq!(read("whsk_AAAA"), SecretError::Prefix { expected: "whpk_" });
    assert!(matches!(read(&text("whpk_", 31)), SecretError::Length { found: 31, .. }));
    // A point of small order, by which anything is signed.
    assert_eq!(read(&text("whpk_", 32)), SecretError::Key { prefix: "whpk_" });
}

#[test]
fn nothing_shows_a_secret() {
    let secret: SigningSecret = SECRET.parse().unwrap();
    let key = SigningKey::generate().unwrap();
    let signer = czo_apps::Signer::of([secret.clone().into(), key.clone().into()]).unwrap();
    let verifier = czo_apps::Verifier::new(secret.clone());
    let shown = format!("{secret:?} {key:?} {signer:?} {verifier:?} {:?}", secret.expose());
    assert!(!shown.contains(&SECRET[6..]), "{shown}");
    assert!(!shown.contains(&key.expose().expose_secret()[5..40]), "{shown}");
    let error = format!("{}x", SECRET).parse::<SigningSecret>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("MfKQ"));
}

#[test]
fn an_id_has_no_dot_and_fits_into_a_header() {
    let long = "a".repeat(256);
    for wrong in ["", ".", "msg.1", "msg 1", "msg\n1", "msg\u{e9}", &long] {
        assert!(wrong.parse::<MessageId>().is_err(), "{wrong:?}");
    }
    assert!("a".repeat(255).parse::<MessageId>().is_ok());
    let id = EventId::generate(&SequentialIds::default());
    let message = MessageId::of(id);
    assert_eq!(message.as_str(), id.to_string());
    assert_eq!(message.as_str().parse(), Ok(message));
}

#[test]
fn what_signs_and_verifies_is_shared_between_threads() {
    fn is_send_and_sync<T: Send + Sync + std::fmt::Debug + Clone>() {}
    is_send_and_sync::<czo_apps::Signer>();
    is_send_and_sync::<czo_apps::Verifier>();
    is_send_and_sync::<czo_apps::SignatureError>();
}
