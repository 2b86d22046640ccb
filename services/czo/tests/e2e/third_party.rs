//! Third-party apps: installed, told what happens, and allowed what they asked for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, Server, Site, code_of, eventually, on_each_database};

/// A server that talks to the app, and the app installed in its shop by the API.
async fn installed(site: &Site, app: &App) -> (Server, String) {
    let server = site.start().await;
    let id = install(&server.owner(), app).await;
    (server, id)
}

async fn install(owner: &Client, app: &App) -> String {
    let order = json!({ "manifestUrl": app.manifest_url() });
    let answer = owner.request(Method::POST, "/api/apps/install").json(&order).send().await;
    let answer = answer.expect("an answer");
    let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
    assert_eq!(status, 201, "{body:#}");
    body["id"].as_str().expect("an id").to_owned()
}

fn talking_to(site: Site, app: &App) -> Site {
    site.with("CZO_APPS__ALLOW", &app.allowed())
}

on_each_database! {
    async fn an_installed_app_is_told_what_it_wants_to_hear(site: Site) {
        let app = App::start().await;
        let site = talking_to(site, &app);
        let (server, id) = installed(&site, &app).await;
        let owner = server.owner().with_correlation_id("order-66");
        let created = owner.create(json!({ "title": "Ink" })).await;

        let received = app.receives(1).await;
        let [message] = &*received else { panic!("one message: {received:#?}") };
        assert!(message.is_genuine);
        assert_eq!(message.body["type"], "product.item.created");
        assert_eq!(message.body["data"]["data"]["productId"], created["product"]["id"]);
        assert_eq!(message.headers["x-czo-app-id"], id);
        assert_eq!(message.headers["x-correlation-id"], "order-66");

        let deliveries = eventually("the log has it", async || {
            let path = format!("/api/apps/{id}/deliveries?state=delivered");
            let page: Value = server.owner().get(&path).await.json().await.expect("JSON");
            page["deliveries"].as_array().filter(|found| found.len() == 1).cloned()
        })
        .await;
        assert_eq!(deliveries[0]["id"], message.id.as_str());
    }

    async fn an_app_may_do_what_it_asked_for_and_nothing_else(site: Site) {
        let app = App::start().await;
        let site = talking_to(site, &app);
        let (server, id) = installed(&site, &app).await;
        let as_app = server.visitor().with_token(&app.token());
        assert!(as_app.count().await > 0);
        const CREATE: &str = r#"mutation {
            productCreate(input: { title: "x", variants: [{ price: "1" }] }) { product { id } }
        }"#;
        let refused = as_app.graphql(CREATE, json!({})).await;
        assert_eq!(code_of(&refused), "FORBIDDEN");
        assert_eq!(as_app.get("/api/apps").await.status(), 403);

        let disabled = server.owner().post(&format!("/api/apps/{id}/disable"), "").await;
        assert_eq!(disabled.status(), 200);
        assert_eq!(as_app.get("/api/apps").await.status(), 401);
        server.owner().post(&format!("/api/apps/{id}/enable"), "").await;
        assert_eq!(as_app.get("/api/apps").await.status(), 403);

        let gone = server.owner().request(Method::DELETE, &format!("/api/apps/{id}"));
        assert_eq!(gone.send().await.expect("an answer").status(), 204);
        assert_eq!(as_app.get("/api/apps").await.status(), 401);
    }

    async fn an_app_reads_what_is_set_up_for_it_and_nobody_else_does(site: Site) {
        let (app, other) = (App::start().await, App::start().await);
        let allowed = format!("[\"{}\", \"{}\"]", app.address(), other.address());
        let site = site.with("CZO_APPS__ALLOW", &allowed);
        let (server, id) = installed(&site, &app).await;
        // The same app in another shop.
        let elsewhere = site.open_shop("Elsewhere").await;
        let order = json!({ "manifestUrl": other.manifest_url(), "shopId": elsewhere });
        let answer = server.owner().request(Method::POST, "/api/apps/install").json(&order).send();
        assert_eq!(answer.await.expect("an answer").status(), 201);

        let shops = site.czo(&["shops", "list", "--json"]).await.succeeded().json();
        let shops = shops.as_array().expect("a list").iter();
        let mut ids = shops.map(|shop| shop["id"].as_str().expect("an id"));
        let here = ids.find(|shop| *shop != elsewhere).expect("the first shop").to_owned();
        let setup = server
            .owner()
            .request(Method::PUT, &format!("/api/apps/{id}/config"))
            .header("X-Czo-Shop", &here)
            .json(&json!({ "key": "sk_live_1" }));
        assert_eq!(setup.send().await.expect("an answer").status(), 200);

        const OWN: &str = "/api/apps/me/config";
        let own = async |token: &str| {
            let answer = server.visitor().with_token(token).get(OWN).await;
            assert_eq!(answer.headers()["cache-control"], "no-store");
            answer.json::<Value>().await.expect("JSON")
        };
        assert_eq!(own(&app.token()).await, json!({ "key": "sk_live_1" }));
        // Not even by naming that shop.
        let asked = server.visitor().with_token(&other.token()).request(Method::GET, OWN);
        let answer = asked.header("X-Czo-Shop", &here).send().await.expect("an answer");
        assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({}));
        assert_eq!(own(&other.token()).await, json!({}));
        assert_eq!(server.owner().get(OWN).await.status(), 403);
        assert_eq!(server.visitor().get(OWN).await.status(), 401);

        let revoke = server
            .owner()
            .request(Method::DELETE, &format!("/api/apps/{id}/tokens"))
            .header("X-Czo-Shop", &here);
        assert_eq!(revoke.send().await.expect("an answer").status(), 200);
        let as_app = server.visitor().with_token(&app.token());
        assert_eq!(as_app.get(OWN).await.status(), 401);
    }

    async fn what_is_committed_arrives_though_the_server_dies_before_it_is_sent(site: Site) {
        let app = App::start().await;
        let site = talking_to(site, &app).with("CZO_WEBHOOKS__DISPATCH", "false");
        let (server, _) = installed(&site, &app).await;
        server.owner().create(json!({ "title": "Ink" })).await;
        server.kill().await;
        assert!(app.received().is_empty());
        let site = site.without("CZO_WEBHOOKS__DISPATCH");
        let server = site.start().await;
        let received = app.receives(1).await;
        assert!(received.len() == 1 && received[0].is_genuine, "{received:#?}");
        server.stop().await.succeeded();
    }

    async fn what_fails_is_tried_again_under_its_id_though_the_server_dies(site: Site) {
        let app = App::start().await;
        let site = talking_to(site, &app).with("CZO_WEBHOOKS__SCHEDULE_SECONDS", "[0, 1, 1, 1]");
        let (server, _) = installed(&site, &app).await;
        app.refuses_with(503);
        server.owner().create(json!({ "title": "Ink" })).await;
        let first = app.receives(1).await.remove(0);
        server.kill().await;
        let before = app.received().len();
        app.refuses_with(0);
        let server = site.start().await;
        let received = app.receives(before + 1).await;
        assert!(received.iter().all(|message| message.id == first.id && message.is_genuine));
        assert!(received.iter().all(|message| message.body == first.body));
        server.stop().await.succeeded();
    }

    async fn apps_are_managed_from_the_command_line(site: Site) {
        let app = App::start().await;
        let site = talking_to(site, &app);
        let server = site.start().await;
        let url = app.manifest_url();
        let refused = site.czo(&["app", "install", &url]).await;
        assert!(refused.refusal().contains("--yes"), "{}", refused.refusal());
        site.czo(&["app", "install", &url, "--yes"]).await.succeeded();

        let listed = site.czo(&["app", "list", "--json"]).await.succeeded().json();
        assert_eq!(listed[0]["manifest"]["id"], "com.example.watcher");
        let named = "com.example.watcher";
        let shown = site.czo(&["app", "show", named]).await.succeeded().stdout;
        assert!(shown.contains("product:read") && shown.contains("(active)"), "{shown}");

        server.owner().create(json!({ "title": "Ink" })).await;
        let first = app.receives(1).await.remove(0);
        let delivery = eventually("it is delivered", async || {
            let command = ["app", "deliveries", named, "--state", "delivered", "--json"];
            let found = site.czo(&command).await.succeeded().json();
            found[0]["id"].as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(delivery, first.id);
        let whole = site.czo(&["app", "deliveries", named, "--id", &delivery]).await.succeeded();
        assert_eq!(whole.json()["log"][0]["status"], 204);
        site.czo(&["app", "resend", named, "--id", &delivery]).await.succeeded();
        assert_eq!(app.receives(2).await[1].id, first.id);
        let recovered = site.czo(&["app", "recover", named, "--since", "1h"]).await.succeeded();
        assert_eq!(recovered.stdout.trim(), "0 deliveries on the way again");

        // The same as by the API.
        let shown = site.czo(&["app", "show", named, "--json"]).await.succeeded().json();
        let path = format!("/api/apps/{}", shown["id"].as_str().expect("an id"));
        let by_api: Value = server.owner().get(&path).await.json().await.expect("JSON");
        assert_eq!(shown, by_api);

        for command in ["rotate-secret", "rotate-token"] {
            let at_once = ["app", command, named, "--overlap-hours", "0"];
            let refused = site.czo(&at_once).await;
            assert!(refused.refusal().contains("--yes"), "{}", refused.refusal());
        }
        let at_once = ["app", "rotate-token", named, "--overlap-hours", "0", "--yes"];
        site.czo(&at_once).await.succeeded();
        let rotated = site.czo(&["app", "rotate-secret", named]).await.succeeded().stdout;
        assert!(rotated.contains("whsec_") && rotated.contains("whpk_"), "{rotated}");
        site.czo(&["app", "disable", named]).await.succeeded();
        site.czo(&["app", "enable", named]).await.succeeded();
        site.czo(&["app", "uninstall", named, "--yes"]).await.succeeded();
        let listed = site.czo(&["app", "list"]).await.succeeded().stdout;
        assert_eq!(listed.trim(), "no apps");
        server.stop().await.succeeded();
    }
}

#[tokio::test]
async fn an_app_that_no_one_allowed_is_not_reached() {
    let app = App::start().await;
    let site = Site::sqlite();
    let server = site.start().await;
    let order = json!({ "manifestUrl": app.manifest_url() });
    let answer = server.owner().request(Method::POST, "/api/apps/install").json(&order);
    let answer = answer.send().await.expect("an answer");
    assert_eq!(answer.status(), 422);
    let problem = answer.text().await.expect("a problem");
    assert!(problem.contains("https"), "{problem}");
}

#[tokio::test]
async fn the_keys_that_messages_are_signed_with_are_there_for_everybody() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let (server, id) = installed(&site, &app).await;
    let keys: Value = server
        .visitor()
        .get(&format!("/api/apps/{id}/jwks.json"))
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
}

#[tokio::test]
async fn a_server_that_cannot_open_the_secrets_of_its_apps_refuses_to_start() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let (server, _) = installed(&site, &app).await;
    server.stop().await.succeeded();
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let site = site.with("CZO_APPS__VAULT_KEYS", other);
    let finished = site.czo(&["serve"]).await;
    let sentence = finished.refusal();
    assert!(sentence.contains("`apps.vault_keys`") && !sentence.contains(other), "{sentence}");
}

#[tokio::test]
async fn whoever_installs_an_app_that_hangs_is_told_so_before_the_request_is_over() {
    let app = App::start().await;
    app.hangs();
    let site = talking_to(Site::sqlite(), &app)
        .with("CZO_SERVER__REQUEST_TIMEOUT_SECONDS", "6")
        .with("CZO_APPS__TIMEOUT_SECONDS", "60");
    let server = site.start().await;
    let order = json!({ "manifestUrl": app.manifest_url() });
    let answer = server.owner().request(Method::POST, "/api/apps/install").json(&order);
    let answer = answer.send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    let problem = answer.text().await.expect("a problem");
    assert!(problem.contains("not installed") && problem.contains("whole answer"), "{problem}");
}

#[tokio::test]
async fn what_needs_no_body_is_done_without_one_and_without_a_content_type() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let (server, id) = installed(&site, &app).await;
    let owner = server.owner();
    for what in ["tokens/rotate", "secret/rotate", "update", "consent", "disable", "enable"] {
        let path = format!("/api/apps/{id}/{what}");
        let answer = owner.request(Method::POST, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{what}");
    }
    // A body that is there is held to its type.
    let path = format!("/api/apps/{id}/tokens/rotate");
    let foreign = owner.request(Method::POST, &path).header("content-type", "text/plain");
    let answer = foreign.body(r#"{"overlapSeconds":0}"#).send().await.expect("an answer");
    assert_eq!(answer.status(), 415);
    let unknown = owner.request(Method::POST, &path).json(&json!({ "overlap": 0 }));
    assert_eq!(unknown.send().await.expect("an answer").status(), 422);
}

#[tokio::test]
async fn a_session_needs_a_token() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let (server, id) = installed(&site, &app).await;
    let order = json!({ "extension": "points", "mount": "SETTINGS" });
    let path = format!("/api/apps/{id}/sessions");
    let answer = server.visitor().request(Method::POST, &path).json(&order).send().await;
    assert_eq!(answer.expect("an answer").status(), 401);
    let as_app = server.visitor().with_token(&app.token()).request(Method::POST, &path);
    assert_eq!(as_app.json(&order).send().await.expect("an answer").status(), 403);
}

#[tokio::test]
async fn a_server_that_apps_cannot_reach_where_it_listens_says_what_to_set() {
    let site = Site::sqlite();
    let said = site.start().await.stop().await.succeeded().stderr;
    assert!(said.contains("`apps.api_url`"), "{said}");
    let site = site.with("CZO_APPS__API_URL", "https://api.shop.example");
    let said = site.start().await.stop().await.succeeded().stderr;
    assert!(!said.contains("apps.api_url"), "{said}");
}

#[tokio::test]
async fn what_an_event_says_is_shown_to_who_may_read_what_it_is_about() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let roles = "[roles.clerk]\npermissions = [\"app:read\"]\n\
                 [roles.buyer]\npermissions = [\"app:read\", \"product:read\"]\n";
    site.write("czo.toml", roles);
    let (server, id) = installed(&site, &app).await;
    server.owner().create(json!({ "title": "Secret Ink" })).await;
    let message = app.receives(1).await.remove(0).id;
    let path = format!("/api/apps/{id}/deliveries/{message}");
    let shown = async |role: &str| -> Value {
        let made = site.czo(&["tokens", "create", "--name", role, "--role", role]).await;
        let token = made.succeeded().stdout.trim().to_owned();
        server.visitor().with_token(&token).get(&path).await.json().await.expect("JSON")
    };
    let (clerk, buyer) = (shown("clerk").await, shown("buyer").await);
    assert_eq!(clerk["id"], message.as_str());
    assert!(clerk.get("body").is_none(), "{clerk:#}");
    assert!(clerk["withheld"].as_str().is_some_and(|text| text.contains("`product:read`")));
    assert_eq!(buyer["body"]["type"], "product.item.created");
    assert!(buyer.get("withheld").is_none(), "{buyer:#}");
}

#[tokio::test]
async fn webhooks_move_to_another_host_once_somebody_consents() {
    let app = App::start().await;
    let site = talking_to(Site::sqlite(), &app);
    let (server, id) = installed(&site, &app).await;
    app.moves_to("https://elsewhere.example.net/webhooks");
    let update = server.owner().post(&format!("/api/apps/{id}/update"), "").await;
    let update: Value = update.json().await.expect("JSON");
    assert_eq!(update["pendingHosts"][0]["host"], "https://elsewhere.example.net");
    assert_eq!(update["diff"]["newHosts"], update["pendingHosts"]);
    let target = async || {
        let path = format!("/api/apps/{id}");
        let shown: Value = server.owner().get(&path).await.json().await.expect("JSON");
        shown["webhooks"][0]["definition"]["targetUrl"].as_str().expect("a URL").to_owned()
    };
    assert_eq!(target().await, format!("http://{}/webhooks", app.address()));

    let path = format!("/api/apps/{id}/consent");
    let other = json!({ "consent": [], "hosts": ["https://example.net"] });
    let refused = server.owner().request(Method::POST, &path).json(&other).send().await;
    assert_eq!(refused.expect("an answer").status(), 409);
    let refused = site.czo(&["app", "consent", &id]).await;
    assert!(refused.stderr.contains("elsewhere.example.net"), "{}", refused.stderr);
    assert_eq!(target().await, format!("http://{}/webhooks", app.address()));
    site.czo(&["app", "consent", &id, "--yes"]).await.succeeded();
    assert_eq!(target().await, "https://elsewhere.example.net/webhooks");
}
