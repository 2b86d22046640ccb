//! Modules: installed, switched, replaced and taken out while the server serves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Asking, Client, ModuleFolder, Server, Site, eventually, on_each_database, user_error,
};

const BALANCE: &str = "/api/modules/loyalty-points/points/anna";
const BALANCE_PATH: &str = "/api/modules/loyalty-points/points/{customer}";

/// Loyalty points, in the folder of the site, for who asks more often than a shop does.
fn loyalty(site: &Site) -> ModuleFolder {
    let module = ModuleFolder::of(site, "loyalty-points");
    module.change(|manifest| manifest["endpoints"][0]["rateLimitPerMinute"] = 60_000.into());
    module
}

async fn installed_and_enabled(site: &Site, module: &ModuleFolder, name: &str) {
    site.czo(&["module", "add", &module.source(), "--yes"]).await.succeeded();
    site.czo(&["module", "enable", name]).await.succeeded();
}

/// What the module says of a purchase: how many points it has brought.
async fn purchase(client: &Client, id: &str, products: &[&str]) -> u64 {
    let order = json!({ "purchase": id, "amount": 7, "products": products });
    let answer = client.request(Method::POST, BALANCE).json(&order).send().await;
    let answer = answer.expect("an answer");
    let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
    assert!(status.is_success(), "{status}: {body:#}");
    body["granted"].as_u64().expect("a number")
}

async fn points(client: &Client) -> u64 {
    let body: Value = client.get(BALANCE).await.json().await.expect("JSON");
    body["points"].as_u64().unwrap_or_else(|| panic!("points: {body:#}"))
}

async fn openapi_has(server: &Server, path: &str) -> bool {
    let document: Value =
        server.visitor().get("/api/openapi.json").await.json().await.expect("JSON");
    !document["paths"][path].is_null()
}

async fn version_of(server: &Server, name: &str) -> (String, String) {
    let path = format!("/api/module-admin/modules/{name}");
    let shown: Value = server.owner().get(&path).await.json().await.expect("JSON");
    let text = |field: &str| shown[field].as_str().unwrap_or_default().to_owned();
    (text("version"), text("status"))
}

on_each_database! {
    async fn a_module_comes_changes_and_goes_and_no_request_fails(site: Site) {
        let module = loyalty(&site);
        let server = site.start().await;
        let owner = server.owner();
        assert_eq!(owner.get(BALANCE).await.status(), 404);
        installed_and_enabled(&site, &module, "loyalty-points").await;
        assert!(openapi_has(&server, BALANCE_PATH).await);
        assert_eq!(server.visitor().get(BALANCE).await.status(), 401);

        let asking = Asking::of(owner.clone(), BALANCE);
        assert_eq!(purchase(&owner, "first", &[]).await, 7);
        assert_eq!(purchase(&owner, "first", &[]).await, 0);

        module.change(|manifest| manifest["description"] = "Under development.".into());
        let dev = ["module", "dev", &module.source(), "--once", "--yes"];
        let said = site.czo(&dev).await.succeeded().stdout;
        assert!(said.contains("serves as activation 2"), "{said}");

        module.is_now("0.2.0");
        site.czo(&["module", "update", "loyalty-points"]).await.succeeded();
        let now = version_of(&server, "loyalty-points").await;
        assert_eq!(now, ("0.2.0".to_owned(), "enabled".to_owned()));

        site.czo(&["module", "rollback", "loyalty-points", "--yes"]).await.succeeded();
        assert_eq!(version_of(&server, "loyalty-points").await.0, "0.1.0");
        assert_eq!(points(&owner).await, 7);
        asking.was_always_answered().await;

        site.czo(&["module", "remove", "loyalty-points", "--yes", "--data", "delete"])
            .await
            .succeeded();
        assert_eq!(owner.get(BALANCE).await.status(), 404);
        assert!(!openapi_has(&server, BALANCE_PATH).await);
        // It was one server all the time.
        server.stop().await.succeeded();
    }

    async fn an_event_reaches_a_module_and_what_it_counts_is_a_metric(site: Site) {
        let module = loyalty(&site);
        let server = site.start().await;
        installed_and_enabled(&site, &module, "loyalty-points").await;
        let owner = server.owner();
        let created = owner.create(json!({ "title": "Ink", "status": "ACTIVE" })).await;
        let handle = created["product"]["handle"].as_str().expect("a handle").to_owned();

        let mut number = 0;
        eventually("the module knows that the product is new", async || {
            number += 1;
            let granted = purchase(&owner, &format!("p{number}"), &[&handle]).await;
            (granted > 7).then_some(())
        })
        .await;
        let metrics = owner.get("/api/_metrics").await.text().await.expect("text");
        assert!(metrics.contains("czo_module_loyalty_points_granted"), "{metrics}");
    }

    async fn a_hook_of_a_module_refuses_and_changes_products_until_it_is_disabled(site: Site) {
        let module = ModuleFolder::of(&site, "price-rule");
        let server = site.start().await;
        installed_and_enabled(&site, &module, "price-rule").await;
        let owner = server.owner();
        let refused = owner.create(json!({ "variants": [{ "price": "0.50" }] })).await;
        let message = refused["userErrors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains("expected at least 1.00"), "{refused:#}");
        user_error(&refused);

        let price = async |title: &str| {
            let fields = json!({ "title": title, "variants": [{ "price": "3.50" }] });
            let created = owner.create(fields).await;
            let handle = created["product"]["handle"].as_str().expect("a handle");
            let product = owner.product(handle).await;
            product["variants"][0]["price"]["amount"].as_str().expect("an amount").to_owned()
        };
        assert_eq!(price("Changed").await, "3.99");
        site.czo(&["module", "disable", "price-rule"]).await.succeeded();
        assert_eq!(price("As it was").await, "3.50");
    }

    async fn what_was_enabled_serves_again_after_a_power_cut(site: Site) {
        let module = loyalty(&site);
        let server = site.start().await;
        installed_and_enabled(&site, &module, "loyalty-points").await;
        assert_eq!(purchase(&server.owner(), "first", &[]).await, 7);
        server.kill().await;
        let server = site.start().await;
        assert_eq!(points(&server.owner()).await, 7);
        assert!(openapi_has(&server, BALANCE_PATH).await);
        let health: Value =
            server.visitor().get("/api/_health/modules").await.json().await.expect("JSON");
        assert_eq!(health["status"], "up", "{health:#}");
    }

    async fn a_version_that_may_do_more_waits_for_a_consent(site: Site) {
        let module = loyalty(&site);
        let server = site.start().await;
        installed_and_enabled(&site, &module, "loyalty-points").await;
        module.is_now("0.2.0");
        module.change(|manifest| {
            manifest["permissions"]["http"] = json!(["api.example.com"]);
        });
        // Nobody is there to be asked.
        let said = site.czo(&["module", "update", "loyalty-points"]).await;
        assert!(said.refusal().contains("--yes"), "{}", said.refusal());
        assert!(said.stderr.contains("api.example.com"), "{}", said.stderr);
        assert_eq!(version_of(&server, "loyalty-points").await.0, "0.1.0");
        assert_eq!(server.owner().get(BALANCE).await.status(), 200);

        site.czo(&["module", "accept", "loyalty-points", "--yes"]).await.succeeded();
        let now = version_of(&server, "loyalty-points").await;
        assert_eq!(now, ("0.2.0".to_owned(), "enabled".to_owned()));
    }

    async fn modules_are_administered_by_who_may(site: Site) {
        let server = site.start().await;
        let visitor = server.visitor();
        assert_eq!(visitor.get("/api/module-admin/modules").await.status(), 401);
        assert_eq!(visitor.post("/api/module-admin/validations", "").await.status(), 401);
        let put = visitor.request(Method::PUT, "/api/module-admin/modules/x/development");
        assert_eq!(put.send().await.expect("an answer").status(), 401);
        let list: Value =
            server.owner().get("/api/module-admin/modules").await.json().await.expect("JSON");
        assert_eq!(list, json!({ "modules": [] }));
    }
}
