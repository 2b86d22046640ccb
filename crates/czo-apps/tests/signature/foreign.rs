//! What receivers in Node.js and Python make of the vectors and of what is signed now, by the
//! public libraries that they would take.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use czo_apps::{Signer, SigningKey, SigningSecret};
use serde_json::{Value, json};

use crate::libraries::{Verdicts, ask_node, ask_python};

/// What a receiver gets, and what it has.
struct Message {
    name: String,
    secret: String,
    id: String,
    timestamp: i64,
    signature: String,
    body: Vec<u8>,
    /// The time by the receiver's clock; that of the machine, if there is none.
    now: Option<i64>,
}

impl Message {
    fn named(self, name: &str) -> Self {
        Self { name: format!("{}, {name}", self.name), ..self }
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "secret": self.secret,
            "headers": {
                "webhook-id": self.id,
                "webhook-timestamp": self.timestamp.to_string(),
                "webhook-signature": self.signature,
            },
            "bodyBase64": STANDARD.encode(&self.body),
            "now": self.now,
        })
    }
}

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signature/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Each message of the vectors for a receiver with each of the secrets, once with the signature by
/// it and once among all of them.
fn signed() -> Vec<Message> {
    let vectors = vectors();
    let mut messages = Vec::new();
    for vector in vectors["messages"].as_array().unwrap() {
        let signatures = ["by_signing_key", "by_old_secret", "by_secret"];
        let all = signatures.map(|by| text(&vector[by])).join(" ");
        for (secret, by) in [("secret", "by_secret"), ("old_secret", "by_old_secret")] {
            for (signature, how) in [(text(&vector[by]), "alone"), (all.clone(), "among all")] {
                let timestamp = vector["timestamp"].as_i64().unwrap();
                messages.push(Message {
                    name: format!("{} {by} {how}", text(&vector["name"])),
                    secret: text(&vectors[secret]),
                    id: text(&vector["id"]),
                    timestamp,
                    signature,
                    body: STANDARD.decode(text(&vector["body_base64"])).unwrap(),
                    now: Some(timestamp),
                });
            }
        }
    }
    assert_eq!(messages.len(), 7 * 4);
    messages
}

/// The same messages, each spoiled in each way there is.
fn spoiled() -> Vec<Message> {
    let other_secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oE";
    let public = vectors();
    let by_key = |name: &str| {
        let messages = public["messages"].as_array().unwrap();
        let vector = messages.iter().find(|one| name.starts_with(one["name"].as_str().unwrap()));
        text(&vector.unwrap()["by_signing_key"])
    };
    // One whose signature is not that of any other.
    let swapped = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=".to_owned();
    let ways: [(&str, &dyn Fn(Message) -> Message); 10] = [
        ("a longer body", &|one| Message { body: [&one.body[..], b" "].concat(), ..one }),
        ("another id", &|one| Message { id: format!("{}2", one.id), ..one }),
        ("another time", &|one| Message { timestamp: one.timestamp + 1, ..one }),
        ("another secret", &|one| Message { secret: other_secret.to_owned(), ..one }),
        ("another signature", &|one| Message { signature: swapped.clone(), ..one }),
        ("no signature", &|one| Message { signature: "v1,".to_owned(), ..one }),
        ("by the key only", &|one| Message { signature: by_key(&one.name), ..one }),
        ("cut off", &|one| {
            // Each of the list: the first 8 bytes, in whole base64.
            let cut = |signature: &str| signature[..signature.find(',').unwrap() + 9].to_owned();
            let cut: Vec<_> = one.signature.split(' ').map(cut).collect();
            Message { signature: cut.join(" "), ..one }
        }),
        ("301 s old", &|one| Message { now: Some(one.timestamp + 301), ..one }),
        ("301 s ahead", &|one| Message { now: Some(one.timestamp - 301), ..one }),
    ];
    ways.iter()
        .flat_map(|(name, way)| signed().into_iter().map(|one| way(one).named(name)))
        .collect()
}

/// A delivery as czo sends it now, while its secret is replaced; and the same with one byte more.
fn live() -> [Message; 3] {
    let [new, old] = [(); 2].map(|()| SigningSecret::generate().unwrap());
    let keys = [new.clone().into(), old.clone().into(), SigningKey::generate().unwrap().into()];
    let body = json!({
        "type": "product.item.created",
        "timestamp": "2026-11-30T12:00:00.000000Z",
        "data": { "type": "product.item.created", "data": { "title": "Glühwürmchen \u{1F514}" } },
    });
    let (body, now) = (body.to_string(), Utc::now());
    let id = "msg_01jd3w2kh8f0rb9nq4z7v5m6xt";
    let headers = Signer::of(keys).unwrap().sign(&id.parse().unwrap(), now, body.as_bytes());
    let message = |name: &str, secret: &SigningSecret, body: String| Message {
        name: name.to_owned(),
        secret: secrecy::ExposeSecret::expose_secret(&secret.expose()).to_owned(),
        id: id.to_owned(),
        timestamp: now.timestamp(),
        signature: headers.signature().to_owned(),
        body: body.into_bytes(),
        now: None,
    };
    [
        message("new", &new, body.clone()),
        message("old", &old, body.clone()),
        message("changed", &new, body + " "),
    ]
}

/// That a library believes what is signed, and nothing that is spoiled.
fn judges_right(ask: fn(&Value) -> Verdicts) {
    let ask = |messages: &[Message]| {
        ask(&messages.iter().map(Message::to_json).collect::<Vec<_>>().into())
    };
    for (name, verdict) in ask(&signed()) {
        // The libraries read a body as UTF-8; czo's are JSON.
        let is_text = !name.starts_with("binary");
        assert_eq!(verdict == "verified", is_text, "{name}: {verdict}");
    }
    for (name, verdict) in ask(&spoiled()) {
        assert_ne!(verdict, "verified", "{name}");
    }
    let verdicts = ask(&live());
    let is_verified: Vec<_> = verdicts.iter().map(|(_, verdict)| verdict == "verified").collect();
    assert_eq!(is_verified, [true, true, false], "{verdicts:?}");
}

#[test]
fn the_npm_library_believes_what_is_signed_and_nothing_else() {
    judges_right(ask_node);
}

#[test]
fn the_pypi_library_believes_what_is_signed_and_nothing_else() {
    judges_right(ask_python);
}
