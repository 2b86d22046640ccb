//! Signed messages for whoever writes a receiver, in any language: `vectors.json`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use czo_apps::{ReceivedHeaders, Signer, SigningKey, SigningSecret, Verifier};
use serde::{Deserialize, Serialize};

/// The secret of Svix' own test, and a key of both.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const KEY: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    description: String,
    secret: String,
    old_secret: String,
    signing_key: String,
    public_key: String,
    messages: Vec<Message>,
}

/// A message, with the signature that each of the three makes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Message {
    name: String,
    id: String,
    timestamp: i64,
    body_base64: String,
    by_secret: String,
    by_old_secret: String,
    by_signing_key: String,
}

fn message(name: &str, timestamp: i64, body: &[u8]) -> Message {
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let now = DateTime::from_timestamp(timestamp, 0).unwrap();
    let sign = |signer: Signer| signer.sign(&id.parse().unwrap(), now, body).signature().to_owned();
    Message {
        name: name.to_owned(),
        id: id.to_owned(),
        timestamp,
        body_base64: STANDARD.encode(body),
        by_secret: sign(Signer::new(SECRET.parse::<SigningSecret>().unwrap())),
        by_old_secret: sign(Signer::new(OLD_SECRET.parse::<SigningSecret>().unwrap())),
        by_signing_key: sign(Signer::new(KEY.parse::<SigningKey>().unwrap())),
    }
}

fn vectors() -> Vectors {
    let all: Vec<u8> = (0..=255).collect();
    Vectors {
        description: "Messages signed by Standard Webhooks 1.0.0. In `webhook-signature` the signatures stand with a space between them; a receiver with any one of the secrets or the key takes the message.".to_owned(),
        secret: SECRET.to_owned(),
        old_secret: OLD_SECRET.to_owned(),
        signing_key: KEY.to_owned(),
        public_key: KEY.parse::<SigningKey>().unwrap().public_key().to_string(),
        messages: vec![
            message("json", 1_614_265_330, br#"{"test": 2432232314}"#),
            message("empty", 1_614_265_330, b""),
            message("unicode", 1_700_000_000, "{\"name\":\"Ünïcødé \u{1F514} \u{0301}\"}".as_bytes()),
            message("line ends", 1_700_000_000, b"{\r\n}\n"),
            message("dots", 1_700_000_000, b"1.2.3"),
            message("binary", 1_700_000_000, &all),
            message("year 2286", 9_999_999_999, b"{}"),
        ],
    }
}

#[test]
fn the_vectors_are_the_agreed_ones() {
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signature/vectors.json");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(path, &vectors).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(vectors, agreed, "if the change is meant: CZO_TEST_BLESS=1 and run this test again");
}

#[test]
fn every_vector_is_verified() {
    let vectors = vectors();
    let secret = Verifier::new(vectors.secret.parse::<SigningSecret>().unwrap());
    let old = Verifier::new(vectors.old_secret.parse::<SigningSecret>().unwrap());
    let key = Verifier::new(vectors.public_key.parse::<czo_apps::PublicKey>().unwrap());
    for message in &vectors.messages {
        let (timestamp, now) =
            (message.timestamp.to_string(), DateTime::from_timestamp(message.timestamp, 0));
        let body = STANDARD.decode(&message.body_base64).unwrap();
        let list =
            format!("{} {} {}", message.by_secret, message.by_old_secret, message.by_signing_key);
        let headers = ReceivedHeaders { id: &message.id, timestamp: &timestamp, signature: &list };
        for verifier in [&secret, &old, &key] {
            assert!(verifier.verify(&headers, &body, now.unwrap()).is_ok(), "{}", message.name);
        }
    }
}

#[test]
fn svix_signs_the_first_one_alike() {
    let first = &vectors().messages[0];
    assert_eq!(first.by_secret, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(
        first.by_signing_key,
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    );
}
