use std::sync::LazyLock;

use czo_apps::{AppManifest, ManifestError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{full, read, rules, violation, violations, with};

#[test]
fn there_are_at_most_100_webhooks_50_extensions_and_100_permission_requests() {
    let list = |pointer: &str, item: &Value, number: usize| {
        let items = (0..number).map(|index| {
            let mut item = item.clone();
            item["identifier"] = json!(format!("part-{index}"));
            item
        });
        with(pointer, items.collect())
    };
    for (pointer, most) in [("/webhooks", 100), ("/extensions", 50)] {
        let item = full().pointer(&format!("{pointer}/0")).unwrap().clone();
        assert_eq!(violations(&list(pointer, &item, most)), [""; 0]);
        let problem = format!("{pointer}: expected at most {most}, found {}", most + 1);
        assert_eq!(violation(&list(pointer, &item, most + 1)), problem);
    }
    let requests = violations(&with("/permissions", vec![json!({}); 101].into()));
    assert!(requests.contains(&"/permissions: expected at most 100, found 101".to_owned()));
}

#[test]
fn texts_have_limits_in_characters() {
    for (pointer, most) in [
        ("/name", 100),
        ("/author", 100),
        ("/about", 2000),
        ("/permissions/0/purpose", 500),
        ("/extensions/0/label", 60),
    ] {
        assert_eq!(violations(&with(pointer, json!("ü".repeat(most)))), [""; 0], "{pointer}");
        let found = violation(&with(pointer, json!("ü".repeat(most + 1))));
        let problem = format!("{pointer}: expected at most {most} characters, found {}", most + 1);
        assert_eq!(found, problem);
        let found = violation(&with(pointer, json!(" ")));
        assert_eq!(found, format!("{pointer}: expected text, found none"));
    }
    for pointer in ["/name", "/author", "/extensions/0/label"] {
        let found = violation(&with(pointer, json!("two\nlines")));
        assert_eq!(found, format!("{pointer}: expected text on one line"));
    }
}

#[test]
fn control_characters_are_refused_everywhere() {
    for pointer in ["/name", "/about", "/id", "/icon", "/webhooks/0/events/0", "/czo"] {
        let found = violations(&with(pointer, json!("a\u{0}b")));
        let problem = format!("{pointer}: expected text without control characters, found U+0000");
        assert!(found.contains(&problem), "{found:?}");
        assert!(found.iter().all(|text| !text.contains('\u{0}')), "{found:?}");
    }
}

#[test]
fn a_manifest_of_256_kib_of_mistakes_has_a_thousand_of_them() {
    let mistakes: serde_json::Map<_, _> =
        (0..15_000).map(|index| (format!("mistake{index}"), json!(1))).collect();
    let error = read(&Value::Object(mistakes)).unwrap_err();
    assert_eq!(error.violations().len(), ManifestError::MAX_VIOLATIONS);
}

#[test]
fn a_long_name_of_a_field_is_shown_in_part() {
    let found = violation(&with(&format!("/{}", "x".repeat(200)), json!(1)));
    let (_, problem) = found.split_once(": ").unwrap();
    assert_eq!(problem, format!("unknown field `{}…`", "x".repeat(60)));
}

#[test]
fn a_message_quotes_no_more_than_a_part_of_a_long_text() {
    let found = read(&with("/extensions/0/permissions/0", json!("x".repeat(200_000)))).unwrap_err();
    assert!(found.violations()[0].problem.len() < 600, "{found}");
}

#[test]
fn thousands_of_typing_errors_are_told_without_thousands_of_suggestions() {
    let mut webhook = full()["webhooks"][0].clone();
    let mistyped: Vec<_> = (0..50).map(|n| format!("product.item.craeted_{n}")).collect();
    webhook["events"] = json!(mistyped);
    let webhooks: Vec<_> = (0..100)
        .map(|n| {
            webhook["identifier"] = json!(format!("w{n}"));
            webhook.clone()
        })
        .collect();
    let found = violations(&with("/webhooks", json!(webhooks)));
    assert_eq!(found.len(), ManifestError::MAX_VIOLATIONS);
    assert_eq!(found.iter().filter(|text| text.contains("did you mean")).count(), 200);
}

/// JSON that is near a manifest: one value of it replaced by something else.
fn spoiled() -> impl Strategy<Value = Value> {
    let pointers = pointers(&full(), String::new());
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[{}]])),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(pointers.clone())
            .prop_map(|from| full().pointer(&from).unwrap().clone()),
    ];
    (prop::sample::select(pointers), value).prop_map(|(pointer, value)| with(&pointer, value))
}

fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<_> = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let mut all: Vec<_> = below
        .into_iter()
        .flat_map(|(name, value)| pointers(value, format!("{at}/{name}")))
        .collect();
    if !at.is_empty() {
        all.push(at);
    }
    all
}

static SCHEMA: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&AppManifest::schema()).unwrap());

proptest! {
    #[test]
    fn whatever_is_read_says_what_is_wrong_or_fits_the_schema(manifest in spoiled()) {
        match read(&manifest) {
            Ok(_) => {
                let error = SCHEMA.validate(&manifest).map_err(|error| error.to_string());
                prop_assert_eq!(error, Ok(()));
            }
            Err(error) => prop_assert!(!error.violations().is_empty()),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(AppManifest::read(&bytes, &rules()).is_err());
    }
}
