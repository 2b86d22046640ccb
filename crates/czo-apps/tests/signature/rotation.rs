use chrono::{DateTime, Utc};
use czo_apps::{SecretError, Signer, SignerKey, SigningKey, SigningSecret, Verifier, VerifierKey};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn secret() -> SigningSecret {
    SigningSecret::generate().unwrap()
}

#[test]
fn while_secrets_are_replaced_the_old_and_the_new_receiver_both_take_a_message() {
    let [old, new, next] = [(); 3].map(|()| secret());
    let signer = Signer::of([new.clone().into(), old.clone().into()]).unwrap();
    let headers = signer.sign(&"msg_1".parse().unwrap(), now(), b"{}");
    let takes = |verifier: Verifier| verifier.verify(&headers.as_received(), b"{}", now()).is_ok();
    assert!(takes(Verifier::new(old.clone())) && takes(Verifier::new(new.clone())));
    assert!(!takes(Verifier::new(next.clone())));
    // And the receiver may know several.
    assert!(takes(Verifier::of([next.into(), old.into()]).unwrap()));
    // The newest comes first.
    let alone = Signer::new(new).sign(&"msg_1".parse().unwrap(), now(), b"{}");
    assert!(headers.signature().starts_with(&format!("{} ", alone.signature())));
}

#[test]
fn keys_are_replaced_in_the_same_way() {
    let [old, new] = [(); 2].map(|()| SigningKey::generate().unwrap());
    let publics = [old.public_key(), new.public_key()];
    let signer = Signer::of([new.into(), secret().into(), old.into()]).unwrap();
    let headers = signer.sign(&"msg_1".parse().unwrap(), now(), b"\xff\x00");
    for public in publics {
        let verifier = Verifier::new(public);
        assert!(verifier.verify(&headers.as_received(), b"\xff\x00", now()).is_ok());
    }
    let versions: Vec<_> =
        headers.signature().split(' ').map(|one| one.split(',').next().unwrap()).collect();
    assert_eq!(versions, ["v1a", "v1", "v1a"]);
}

#[test]
fn there_are_one_to_ten_secrets_and_keys() {
    for (number, fits) in [(0, false), (1, true), (10, true), (11, false)] {
        let error = SecretError::Number { most: 10, found: number };
        let signer = Signer::of((0..number).map(|_| SignerKey::from(secret())));
        assert_eq!(signer.map(|_| ()), if fits { Ok(()) } else { Err(error) });
        let verifier = Verifier::of((0..number).map(|_| VerifierKey::from(secret())));
        assert_eq!(verifier.map(|_| ()), if fits { Ok(()) } else { Err(error) });
    }
}

#[test]
fn each_attempt_has_its_own_time_and_the_same_id() {
    let signer = Signer::new(secret());
    let id = "msg_1".parse().unwrap();
    let [first, second] =
        [0, 5].map(|seconds| signer.sign(&id, now() + chrono::TimeDelta::seconds(seconds), b"{}"));
    assert_eq!(first.as_received().id, second.as_received().id);
    assert_ne!(first.as_received().timestamp, second.as_received().timestamp);
    assert_ne!(first.signature(), second.signature());
}
