//! The published schema.

use czo_module_package::ModuleManifest;

use crate::examples::loyalty;

const GOLDEN: &str = "tests/golden/manifest.schema.json";

#[test]
fn the_published_schema_is_the_one_that_manifests_are_held_to() {
    let schema = serde_json::to_string_pretty(&ModuleManifest::json_schema()).unwrap() + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(golden, schema, "if this is meant, write it with CZO_TEST_BLESS=1");
}

#[test]
fn the_example_fits_the_published_schema() {
    let validator = jsonschema::validator_for(&ModuleManifest::json_schema()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&loyalty()).map(|e| e.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn the_manifest_in_the_readme_is_the_example() {
    let readme = include_str!("../../README.md");
    let example = include_str!("../golden/loyalty.json");
    assert!(readme.contains(example.trim()), "copy tests/golden/loyalty.json into README.md");
}
