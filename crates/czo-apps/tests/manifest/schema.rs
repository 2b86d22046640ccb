use czo_apps::AppManifest;
use serde_json::Value;

use crate::fixture::{full, small, with};

#[test]
fn the_schema_is_the_one_that_was_agreed_on() {
    let schema = format!("{:#}\n", AppManifest::schema());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/manifest/app-manifest.schema.json");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(schema, agreed, "if the change is meant: CZO_TEST_BLESS=1 and run this test again");
}

#[test]
fn it_is_a_schema_and_manifests_fit_it() {
    let schema = AppManifest::schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for manifest in [full(), small()] {
        assert_eq!(schema.validate(&manifest).map_err(|error| error.to_string()), Ok(()));
    }
}

#[test]
fn an_editor_sees_what_a_schema_can_say() {
    let schema = jsonschema::draft202012::new(&AppManifest::schema()).unwrap();
    for (pointer, value) in [
        ("/naem", Value::from("x")),
        ("/id", "Loyalty".into()),
        ("/about", Value::Null),
        ("/appUrl", "/app".into()),
        ("/version", "1.4".into()),
        ("/permissions/0/scope", "shops".into()),
        ("/webhooks/0/mode", "asnyc".into()),
        ("/webhooks/0/filter/all/0/gte", "1000".into()),
        ("/webhooks/0/filter/all/0/lte", 7.into()),
        ("/webhooks/1/sync/deadlineMilliseconds", 99.into()),
        ("/extensions/0/mount", "ORDER".into()),
    ] {
        assert!(!schema.is_valid(&with(pointer, value)), "{pointer}");
    }
}

#[test]
fn every_field_and_type_is_described() {
    fn check(path: &str, schema: &Value) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{path}: {name}");
        }
    }
    let schema = AppManifest::schema();
    check("root", &schema);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert!(definition["title"].is_string(), "{name}");
        if !name.ends_with("Schema") {
            check(name, definition);
        }
    }
}
