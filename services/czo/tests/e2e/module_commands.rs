//! `czo module`: where no server runs, and for those who write modules.

use serde_json::Value;

use crate::support::{ModuleFolder, Site};

#[tokio::test]
async fn what_is_installed_without_a_server_serves_once_there_is_one() {
    let site = Site::sqlite();
    let module = ModuleFolder::of(&site, "loyalty-points");
    site.czo(&["module", "add", &module.source(), "--yes"]).await.succeeded();
    site.czo(&["module", "enable", "loyalty-points"]).await.succeeded();
    let listed = site.czo(&["module", "list", "--json"]).await.succeeded().json();
    assert_eq!(listed[0]["name"], "loyalty-points");
    assert_eq!(listed[0]["status"], "enabled");
    let server = site.start().await;
    let answer = server.owner().get("/api/modules/loyalty-points/points/anna").await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_module_is_noted_with_what_exactly_it_is_and_forgotten_when_it_goes() {
    let site = Site::sqlite();
    site.write("czo.toml", "# Ours.\n[log]\nfilter = \"warn\"\n");
    let module = ModuleFolder::of(&site, "price-rule");
    site.czo(&["module", "add", &module.source(), "--yes"]).await.succeeded();
    let text = site.read("czo.toml");
    assert!(
        text.starts_with("# Ours.\n") && text.contains("price-rule = \"./price-rule\""),
        "{text}"
    );
    assert!(site.read("czo.lock").contains("sha256:"), "{}", site.read("czo.lock"));

    // What was locked is not what is there now.
    site.czo(&["module", "remove", "price-rule", "--yes", "--no-save"]).await.succeeded();
    module.change(|manifest| manifest["author"] = "somebody else".into());
    let said = site.czo(&["module", "add", &module.source(), "--yes"]).await;
    assert!(said.refusal().contains("is not the one that is locked"), "{}", said.refusal());

    module.change(|manifest| manifest["author"] = "czo".into());
    site.czo(&["module", "add", &module.source(), "--yes"]).await.succeeded();
    site.czo(&["module", "remove", "price-rule", "--yes"]).await.succeeded();
    assert!(!site.read("czo.toml").contains("price-rule"));
    assert!(!site.read("czo.lock").contains("price-rule"));
}

#[tokio::test]
async fn nothing_is_installed_or_removed_without_a_yes() {
    let site = Site::sqlite();
    let module = ModuleFolder::of(&site, "price-rule");
    let said = site.czo(&["module", "add", &module.source()]).await;
    assert!(said.refusal().contains("--yes"), "{}", said.refusal());
    assert!(said.stdout.contains("takes part in product.create"), "{}", said.stdout);
    let listed = site.czo(&["module", "list"]).await.succeeded().stdout;
    assert_eq!(listed, "no modules\n");
}

#[tokio::test]
async fn a_point_that_no_domain_opens_is_refused_with_those_there_are() {
    let site = Site::sqlite();
    let module = ModuleFolder::of(&site, "price-rule");
    module.change(|manifest| manifest["hooks"][0]["point"] = "product.craete".into());
    let said = site.czo(&["module", "add", &module.source(), "--yes"]).await;
    assert!(said.refusal().contains("product.create"), "{}", said.refusal());
}

#[tokio::test]
async fn a_package_is_looked_at_without_a_server() {
    let site = Site::sqlite();
    let module = ModuleFolder::of(&site, "loyalty-points");
    let report = site.czo(&["module", "validate", &module.source(), "--json"]).await.succeeded();
    assert_eq!(report.json()["module"], "loyalty-points");
    module.change(|manifest| manifest["permissions"]["sql"] = false.into());
    let said = site.czo(&["module", "validate", &module.source()]).await;
    said.refusal();
    module.change(|manifest| manifest["hokes"] = Value::Null);
    let said = site.czo(&["module", "validate", &module.source(), "--json"]).await;
    said.refusal();
    let violations = said.json();
    let text = violations["violations"].to_string();
    assert!(text.contains("hokes") && text.contains("hooks"), "{text}");
}

#[tokio::test]
async fn what_new_makes_has_a_manifest_and_the_interfaces_and_is_not_made_twice() {
    let site = Site::unconfigured();
    let said = site.czo(&["module", "new", "my-module", "--lang", "js"]).await.succeeded();
    assert!(said.stdout.contains("czo module dev ."), "{}", said.stdout);
    assert!(site.read("my-module/czo-module.json").contains("\"my-module\""));
    assert!(site.read("my-module/wit/deps/czo-module/types.wit").contains("czo:module"));
    let again = site.czo(&["module", "new", "my-module"]).await;
    assert!(again.refusal().contains("is there already"), "{}", again.refusal());
}

#[tokio::test]
async fn the_schema_of_a_manifest_is_printed() {
    let schema = Site::unconfigured().czo(&["module", "schema"]).await.succeeded().json();
    assert_eq!(schema["properties"]["name"]["$ref"], "#/$defs/ModuleName");
    assert_eq!(schema["$defs"]["ModuleName"]["maxLength"], 32);
}

#[tokio::test]
async fn what_only_a_server_can_do_says_so() {
    let site = Site::sqlite();
    for command in [["module", "logs", "x"], ["module", "dev", "."]] {
        let said = site.czo(&command).await;
        assert!(said.refusal().contains("`czo serve`"), "{}", said.refusal());
    }
}

#[tokio::test]
async fn where_modules_are_switched_off_nothing_of_them_is_served() {
    let site = Site::sqlite().with("CZO_MODULES__ENABLED", "false");
    let server = site.start().await;
    let answer = server.owner().get("/api/module-admin/modules").await;
    assert_eq!(answer.status(), 503);
    let said = site.czo(&["module", "list"]).await;
    assert!(said.refusal().contains("`modules.enabled`"), "{}", said.refusal());
}
