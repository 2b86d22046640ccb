//! What `#[derive(Event)]` says when it is used wrongly.

#[test]
fn a_wrong_event_attribute_is_explained_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/derive/*.rs");
}
