//! An app that runs, and a czo that it is installed by.

use axum::Router;
use chrono::{DateTime, Utc};
use czo_apps::{SignatureHeaders, Signer, SigningKey, SigningSecret};
use hello_app::{App, Delivery, Inbox, Vault, router};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The czo that the app was started for.
pub(crate) const CZO: &str = "http://127.0.0.1:4000";
pub(crate) const TOKEN: &str = "czoapp_of_a_test";

/// Serves this until the test is over, on a port of the system's choice.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// An app with a folder of its own.
pub(crate) struct House {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    client: Client,
    /// What czo signs with, as soon as it has handed it over.
    pub(crate) secret: SigningSecret,
    key: SigningKey,
}

impl House {
    /// An app that nobody has installed.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = start(&folder).await;
        let (secret, key) = (SigningSecret::generate().unwrap(), SigningKey::generate().unwrap());
        Self { url, folder, client: Client::new(), secret, key }
    }

    /// An app that is in a shop.
    pub(crate) async fn installed() -> Self {
        let house = Self::new().await;
        assert_eq!(house.hand_over(&house.message()).await.status(), 204);
        house
    }

    /// The same folder under another process, as it were.
    pub(crate) async fn start_again(&mut self) {
        self.url = start(&self.folder).await;
    }

    /// A signer as czo has it: with the secret and with the key.
    pub(crate) fn signer(&self) -> Signer {
        Signer::of([self.secret.clone().into(), self.key.clone().into()]).unwrap()
    }

    /// `app.installed`, as czo sends it.
    pub(crate) fn message(&self) -> Value {
        json!({
            "type": "app.installed",
            "appId": "com.example.hello",
            "installationId": "app_01jd3w2kh8f0rb9nq4z7v5m6xt",
            "shopId": "shop_01jd3w2kh8f0rb9nq4z7v5m6xt",
            "apiUrl": format!("{CZO}/api"),
            "token": TOKEN,
            "tokenExpiresAt": "2027-02-28T12:00:00Z",
            "signingSecret": text_of(&self.secret),
            "publicKey": self.key.public_key().to_string(),
            "granted": [],
        })
    }

    /// Hands over, signed with what is handed over.
    pub(crate) async fn hand_over(&self, message: &Value) -> Response {
        let body = message.to_string();
        let headers =
            self.signer().sign(&"msg_handshake".parse().unwrap(), Utc::now(), body.as_bytes());
        self.post("/czo/handshake", Some(&headers), body).await
    }

    pub(crate) async fn challenge(&self, api_url: &str) -> Response {
        let message =
            json!({ "type": "app.challenge", "challenge": "a challenge", "apiUrl": api_url });
        self.post("/czo/handshake", None, message.to_string()).await
    }

    /// A delivery that was signed at this time.
    pub(crate) fn signed(&self, id: &str, at: DateTime<Utc>, body: &str) -> SignatureHeaders {
        self.signer().sign(&id.parse().unwrap(), at, body.as_bytes())
    }

    /// Delivers as czo does; the status.
    pub(crate) async fn deliver(&self, id: &str, body: &str) -> u16 {
        let headers = self.signed(id, Utc::now(), body);
        self.post("/czo/webhooks", Some(&headers), body.to_owned()).await.status().as_u16()
    }

    /// Delivers with headers that somebody else has made; the status.
    pub(crate) async fn deliver_with(&self, headers: &[(&str, &str)], body: &str) -> u16 {
        let mut request = self.client.post(format!("{}/czo/webhooks", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.to_owned()).send().await.unwrap().status().as_u16()
    }

    /// What the app has stored.
    pub(crate) fn stored(&self) -> Vec<Delivery> {
        Inbox::list(self.folder.path()).unwrap()
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault::open(self.folder.path()).unwrap()
    }

    async fn post(&self, path: &str, headers: Option<&SignatureHeaders>, body: String) -> Response {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body);
        for (name, value) in headers.into_iter().flat_map(SignatureHeaders::iter) {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    }
}

async fn start(folder: &TempDir) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (vault, inbox) = (Vault::open(folder.path()), Inbox::open(folder.path()));
    let app = App::new(&url, CZO, vault.unwrap(), inbox.unwrap()).unwrap();
    tokio::spawn(async move { axum::serve(listener, router(app)).await });
    url
}

pub(crate) fn text_of(secret: &SigningSecret) -> String {
    secrecy::ExposeSecret::expose_secret(&secret.expose()).to_owned()
}

/// The body of a delivery, as czo makes it.
pub(crate) fn body(event_type: &str, product: &str) -> String {
    let event = json!({ "type": event_type, "version": 1, "data": { "productId": product } });
    let body = json!({ "type": event_type, "timestamp": "2026-11-30T12:00:00Z", "data": event });
    body.to_string()
}
