use czo_apps::Filter;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{violation, with};

fn filter(value: &Value) -> Filter {
    Filter::read(value).unwrap()
}

fn event() -> Value {
    json!({
        "type": "order.item.placed",
        "data": {
            "total": 1500, "half": 0.5, "large": 9_007_199_254_740_993_u64, "paid": true,
            "note": null, "country": "FR", "lines": [{ "sku": "BEL-1" }], "price": "19.90",
        },
        "metadata": { "shopId": "shop_1" },
    })
}

#[test]
fn each_operator_does_what_it_says() {
    for (path, operator, operand, expected) in [
        ("/data/total", "eq", json!(1500), true),
        ("/data/total", "eq", json!(1500.0), true),
        ("/data/total", "eq", json!("1500"), false),
        ("/data/note", "eq", json!(null), true),
        ("/data/paid", "eq", json!(true), true),
        ("/data/total", "ne", json!(1500), false),
        ("/data/total", "ne", json!("1500"), true),
        ("/data/country", "in", json!(["DE", "FR"]), true),
        ("/data/total", "in", json!([1, 1500.0]), true),
        ("/data/country", "in", json!(["DE"]), false),
        ("/data/total", "gt", json!(1499.5), true),
        ("/data/total", "gt", json!(1500), false),
        ("/data/total", "gte", json!(1500), true),
        ("/data/half", "lt", json!(1), true),
        ("/data/half", "lt", json!(0.5), false),
        ("/data/half", "lte", json!(0.5), true),
        ("/data/price", "gt", json!(0), false),
        ("/data/price", "lte", json!(0), false),
        ("/data/large", "gt", json!(9_007_199_254_740_992_u64), true),
        ("/data/large", "eq", json!(9_007_199_254_740_992_u64), false),
        ("/data/lines/0/sku", "prefix", json!("BEL-"), true),
        ("/data/lines/1/sku", "prefix", json!(""), false),
        ("/data/total", "prefix", json!("1"), false),
        ("/data/note", "exists", json!(true), true),
        ("/data/note", "exists", json!(false), false),
        ("/data/missing", "exists", json!(false), true),
        ("/data/lines", "exists", json!(true), true),
        ("/data/lines/x", "exists", json!(true), false),
    ] {
        let test = json!({ "path": path, operator: operand });
        assert_eq!(filter(&test).matches(&event()), expected, "{test}");
    }
}

#[test]
fn conditions_are_combined() {
    let yes = json!({ "path": "/data/total", "gte": 1000 });
    let no = json!({ "path": "/data/country", "eq": "DE" });
    for (combined, expected) in [
        (json!({ "all": [yes, yes] }), true),
        (json!({ "all": [yes, no] }), false),
        (json!({ "any": [no, yes] }), true),
        (json!({ "any": [no, no] }), false),
        (json!({ "not": no }), true),
        (json!({ "not": { "any": [no, yes] } }), false),
    ] {
        assert_eq!(filter(&combined).matches(&event()), expected, "{combined}");
    }
}

#[test]
fn a_filter_that_is_none_is_refused_where_it_is_wrong() {
    for (value, expected) in [
        (json!("x"), "expected an object, found text"),
        (json!({}), "expected either `path` with one operator, or one of `all`, `any`, `not`"),
        (
            json!({ "path": "/data/a" }),
            "expected one operator with `path`: eq, ne, in, gt, gte, lt, lte, prefix, exists",
        ),
        (
            json!({ "eq": 1 }),
            "expected either `path` with one operator, or one of `all`, `any`, `not`",
        ),
        (
            json!({ "path": "/data/a", "gt": 1, "lt": 2 }),
            "expected one operator; combine several conditions by `all`",
        ),
        (
            json!({ "all": [{ "path": "/data/a", "exists": true }], "not": {} }),
            "expected either `path` with one operator, or one of `all`, `any`, `not`",
        ),
        (json!({ "all": [] }), "/all: expected at least 1, found 0"),
        (
            json!({ "path": "/data/a", "eq": [] }),
            "/eq: expected text, a number, true, false or null",
        ),
        (
            json!({ "path": "/data/a", "in": [[]] }),
            "/in/0: expected text, a number, true, false or null",
        ),
        (json!({ "path": "/data/a", "in": "x" }), "/in: expected a list, found text"),
        (json!({ "path": "/data/a", "gt": "x" }), "/gt: expected a number"),
        (
            json!({ "path": "/data/a", "gt": 1e20 }),
            "/gt: expected a number that is kept exactly: whole numbers of 64 bits, others below 2⁵³",
        ),
        (json!({ "path": "/data/a", "prefix": 1 }), "/prefix: expected text, found a number"),
        (json!({ "path": "/data/a", "exists": 1 }), "/exists: expected true or false"),
        (
            json!({ "path": "data.a", "eq": 1 }),
            "/path: expected a JSON Pointer such as `/data/total`, found `data.a`",
        ),
        (
            json!({ "path": "/date/a", "eq": 1 }),
            "/path: an event has no field `date`: expected one of id, type, version, timestamp, source, correlationId, data, metadata; did you mean `data`?",
        ),
        (
            json!({ "any": [{ "path": "/data/a", "eq": 1 }, { "not": 1 }] }),
            "/any/1/not: expected an object, found a number",
        ),
    ] {
        let error = Filter::read(&value).unwrap_err();
        let found: Vec<_> = error.violations().iter().map(ToString::to_string).collect();
        assert!(found.contains(&expected.to_owned()), "{value}: {found:?}");
    }
    let manifest = with("/webhooks/0/filter", json!({ "path": "/data/a", "equals": 1, "eq": 1 }));
    assert_eq!(violation(&manifest), "/webhooks/0/filter/equals: unknown field `equals`");
}

#[test]
fn a_filter_has_at_most_eight_levels_and_64_conditions() {
    let test = json!({ "path": "/data/a", "eq": 1 });
    let nested = |levels: usize| (1..levels).fold(test.clone(), |inner, _| json!({ "not": inner }));
    assert!(Filter::read(&nested(8)).is_ok());
    let error = Filter::read(&nested(9)).unwrap_err();
    assert_eq!(
        error.violations()[0].to_string(),
        format!("{}: expected at most 8 levels", "/not".repeat(8))
    );
    assert!(Filter::read(&json!({ "all": vec![test.clone(); 63] })).is_ok());
    let error = Filter::read(&json!({ "all": vec![test.clone(); 64] })).unwrap_err();
    assert_eq!(error.violations()[0].problem, "expected at most 64 conditions");
    let wide = json!({ "all": vec![json!({ "any": vec![test; 60] }); 60] });
    assert!(Filter::read(&wide).is_err());
}

/// A path, some of which are in some events.
fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("/data/a"), Just("/data/b"), Just("/data/b/0"), Just("/data/c"), Just("/id")]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        Just(json!(0.5)),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

fn test() -> impl Strategy<Value = Value> {
    let operation = prop_oneof![
        scalar().prop_map(|v| ("eq", v)),
        scalar().prop_map(|v| ("ne", v)),
        prop::collection::vec(scalar(), 1..4).prop_map(|v| ("in", v.into())),
        (prop::sample::select(vec!["gt", "gte", "lt", "lte"]), -3..3_i64)
            .prop_map(|(o, n)| (o, n.into())),
        "[ab]{0,2}".prop_map(|v| ("prefix", v.into())),
        any::<bool>().prop_map(|v| ("exists", v.into())),
    ];
    (path(), operation)
        .prop_map(|(path, (operator, operand))| json!({ "path": path, operator: operand }))
}

fn condition() -> impl Strategy<Value = Value> {
    test().prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|c| json!({ "all": c })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|c| json!({ "any": c })),
            inner.prop_map(|c| json!({ "not": c })),
        ]
    })
}

fn some_event() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        3 => scalar(),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
    ];
    prop::collection::btree_map(prop::sample::select(vec!["a", "b"]), value, 0..3)
        .prop_map(|data| json!({ "data": data }))
}

fn not(condition: &Value) -> Value {
    json!({ "not": condition })
}

proptest! {
    #[test]
    fn not_not_is_nothing(c in condition(), event in some_event()) {
        let yes = filter(&c).matches(&event);
        prop_assert_eq!(filter(&not(&c)).matches(&event), !yes);
        prop_assert_eq!(filter(&not(&not(&c))).matches(&event), yes);
    }

    #[test]
    fn de_morgan(a in condition(), b in condition(), event in some_event()) {
        let (neither, both) = (json!({ "any": [a, b] }), json!({ "all": [a, b] }));
        let (not_a, not_b) = (not(&a), not(&b));
        prop_assert_eq!(
            filter(&not(&neither)).matches(&event),
            filter(&json!({ "all": [not_a, not_b] })).matches(&event)
        );
        prop_assert_eq!(
            filter(&not(&both)).matches(&event),
            filter(&json!({ "any": [not_a, not_b] })).matches(&event)
        );
    }

    #[test]
    fn a_test_of_what_is_not_there_is_false_but_for_exists_false(test in test()) {
        let expected = test["exists"] == json!(false);
        prop_assert_eq!(filter(&test).matches(&json!({})), expected);
    }

    #[test]
    fn ne_is_the_opposite_of_eq_where_something_is(path in path(), v in scalar(), event in some_event()) {
        let [eq, ne, exists] = [("eq", v.clone()), ("ne", v), ("exists", json!(true))]
            .map(|(operator, v)| filter(&json!({ "path": path, operator: v })).matches(&event));
        prop_assert_eq!(eq || ne, exists);
        prop_assert!(!(eq && ne));
    }

    #[test]
    fn in_is_any_eq(path in path(), values in prop::collection::vec(scalar(), 1..4), event in some_event()) {
        let any: Vec<_> = values.iter().map(|v| json!({ "path": path, "eq": v })).collect();
        prop_assert_eq!(
            filter(&json!({ "path": path, "in": values })).matches(&event),
            filter(&json!({ "any": any })).matches(&event)
        );
    }

    #[test]
    fn numbers_are_in_one_order(n in -3..3_i64, m in -3..3_i64) {
        let event = json!({ "data": { "a": n } });
        let [gt, gte, lt, lte, eq] = ["gt", "gte", "lt", "lte", "eq"]
            .map(|operator| filter(&json!({ "path": "/data/a", operator: m })).matches(&event));
        prop_assert_eq!((gt, gte, lt, lte, eq), (n > m, n >= m, n < m, n <= m, n == m));
    }

    #[test]
    fn a_filter_that_is_kept_is_the_same_afterwards(c in condition()) {
        let compiled = filter(&c);
        let kept = serde_json::to_value(&compiled).unwrap();
        prop_assert_eq!(&kept, &c);
        prop_assert_eq!(serde_json::from_value::<Filter>(kept).unwrap(), compiled);
    }
}
