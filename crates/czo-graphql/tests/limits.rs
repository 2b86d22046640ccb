//! What nobody may make the server do with one request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use async_graphql::{Context, EmptyMutation, Json, Object, Request, Result, Variables};
use czo_core::{RequestContext, SystemIds};
use czo_graphql::{
    GraphqlOptions, MAX_NESTING, MAX_QUERY_BYTES, Subgraph, charge_list, charge_statement,
    charge_text,
};
use serde_json::{Value, json};

struct Query;

#[Object]
impl Query {
    async fn one(&self, any: Option<Json<Value>>, number: Option<i32>) -> i32 {
        number.unwrap_or_else(|| i32::from(any.is_some()))
    }

    async fn again(&self) -> Query {
        Query
    }

    async fn list(&self, ctx: &Context<'_>, entries: usize) -> Result<Vec<Query>> {
        charge_list(ctx, (0..entries).map(|_| 0))?;
        Ok((0..entries).map(|_| Query).collect())
    }

    async fn text(&self, ctx: &Context<'_>, bytes: usize) -> Result<String> {
        charge_text(ctx, &"x".repeat(bytes))?;
        Ok("x".repeat(bytes))
    }

    async fn statement(&self, ctx: &Context<'_>) -> Result<bool> {
        charge_statement(ctx)?;
        Ok(true)
    }
}

/// The answer, which comes soon. The bound is for a debug build on a busy machine, and far below
/// the minutes that the same queries took without limits.
async fn ask(query: &str, variables: Value) -> Value {
    ask_of(&subgraph(), query, variables).await
}

fn subgraph() -> Subgraph {
    Subgraph::new("test", Query, EmptyMutation, &GraphqlOptions::default())
}

async fn ask_of(subgraph: &Subgraph, query: &str, variables: Value) -> Value {
    let request = Request::new(query).variables(Variables::from_json(variables));
    let start = Instant::now();
    let response = subgraph.execute(request, RequestContext::system(&SystemIds)).await;
    let took = start.elapsed();
    let text = serde_json::to_string(&response).unwrap();
    let shown: String = query.chars().take(60).collect();
    assert!(took < Duration::from_secs(30), "{took:?} for {shown}");
    assert!(text.len() < 16 * 1024 * 1024, "{} bytes for {shown}", text.len());
    serde_json::from_str(&text).unwrap()
}

async fn refusal(query: &str, variables: Value) -> String {
    let answer = ask(query, variables).await;
    assert!(answer["data"].is_null(), "{answer:#}");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer:#}");
    let error = &answer["errors"][0];
    let code = error["extensions"]["code"].as_str().unwrap_or_default();
    format!("{code}: {}", error["message"].as_str().unwrap())
}

fn numbered(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

#[tokio::test]
async fn nesting_is_refused_before_the_parser_recurses() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        for levels in [MAX_NESTING, 3_000, 15_000] {
            let query = format!("{{ one(any: {}1{}) }}", open.repeat(levels), close.repeat(levels));
            let refusal = refusal(&query, json!({})).await;
            assert!(refusal.starts_with("TOO_LARGE: the query is nested too deep"), "{refusal}");
        }
        let levels = MAX_NESTING - 2;
        let query = format!("{{ one(any: {}1{}) }}", open.repeat(levels), close.repeat(levels));
        assert_eq!(ask(&query, json!({})).await, json!({ "data": { "one": 1 } }));
    }
    for open in ["{ a", "{ ... ", "{ ... on Query ", "query ($a: ["] {
        let query = open.repeat(4_000);
        let refusal = refusal(&query, json!({})).await;
        assert!(refusal.contains("nested too deep"), "{refusal}");
    }
    let hidden = format!("{{ one(any: [\"\"\"x\" {}", "[".repeat(10_000));
    assert!(refusal(&hidden, json!({})).await.contains("does not end"));
}

#[tokio::test]
async fn variables_are_nested_no_deeper_than_the_text() {
    let query = "query ($any: JSON) { one(any: $any) }";
    let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
    let fits = ask(query, json!({ "any": nested(MAX_NESTING) })).await;
    assert_eq!(fits, json!({ "data": { "one": 1 } }));
    let refusal = refusal(query, json!({ "any": nested(126) })).await;
    assert!(refusal.starts_with("TOO_LARGE: the variable `any`"), "{refusal}");
    // serde_json ends its own recursion at 128, in a request as it comes over the wire.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = |levels: usize| {
            let any = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            format!("{{ \"query\": \"\", \"variables\": {{ \"any\": {any} }} }}")
        };
        assert!(serde_json::from_str::<Request>(&body(120)).is_ok());
        assert!(serde_json::from_str::<Request>(&body(10_000)).is_err());
    }
}

#[tokio::test]
async fn fragments_are_counted_written_out() {
    let doubling =
        numbered(28, |n| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1));
    let doubling = format!("{{ ...f0 }} {doubling} fragment f28 on Query {{ one }}");
    let refused = refusal(&doubling, json!({})).await;
    assert!(refused.starts_with("TOO_LARGE: the query is too complex"), "{refused}");

    let wide = numbered(8_000, |_| "one ".to_owned());
    let wide = format!("{{ {} }} fragment f on Query {{ {wide} }}", "...f ".repeat(5_000));
    assert!(refusal(&wide, json!({})).await.contains("40005000 fields"));

    let cycle = "{ ...a } fragment a on Query { again { ...b } } fragment b on Query { ...a ...a }";
    assert!(refusal(cycle, json!({})).await.starts_with("INVALID: the fragment `"));
    let unused = "{ one } fragment a on Query { again { ...a ...a } }";
    assert!(refusal(unused, json!({})).await.contains("`a` is never used"));
    let chain = numbered(1_500, |n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1));
    let chain = format!("{{ ...f0 }} {chain} fragment f1500 on Query {{ one }}");
    assert!(refusal(&chain, json!({})).await.contains("nested too deep"));

    let honest = "{ ...a again { ...a ...a } } fragment a on Query { one again { one } }";
    let answer = ask(honest, json!({})).await;
    assert_eq!(answer["data"]["again"], json!({ "one": 0, "again": { "one": 0 } }));
}

#[tokio::test]
async fn typenames_and_aliases_count() {
    let query = format!("{{ {} }}", numbered(10_001, |_| "__typename ".to_owned())[..].trim());
    // Too long as well: in a fragment it isn't.
    assert!(refusal(&query, json!({})).await.contains("bytes"));
    let names = "__typename ".repeat(1_000);
    let query = format!("{{ {} }} fragment f on Query {{ {names} }}", "...f ".repeat(11));
    assert!(refusal(&query, json!({})).await.contains("11011 fields"));
    let long = format!("{{ {}: one }}", "a".repeat(129));
    assert!(refusal(&long, json!({})).await.contains("129 bytes is too long"));
}

#[tokio::test]
async fn the_worst_that_fits_is_validated_soon() {
    let text = |query: String| {
        assert!(query.len() <= MAX_QUERY_BYTES, "{}", query.len());
        query
    };
    let arguments = numbered(32, |n| format!("x{n}:1 "));
    let deep = |inner: &str| format!("{}{inner}{}", "... { ".repeat(28), "} ".repeat(28));
    let shapes = [
        text(format!("{{ {} }}", "one ".repeat(9_900))),
        text(format!("{{ {} }}", "x:one y:again ".repeat(4_000))),
        text(format!("{{ {} }}", "unknow ".repeat(9_000))),
        text(format!("{{ {} }}", numbered(180, |_| format!("one({arguments}) ")))),
        text(format!("{{ {} }}", deep(&format!("one({arguments}) ").repeat(150)))),
        text(format!("{{ {} }}", deep(&"one ".repeat(9_900)))),
        text(format!("{{ {} }}", deep(&"x:one x:again ".repeat(4_000)))),
        text(format!(
            "{{ {} }} fragment f on Query {{ x: one x: again }}",
            "again { ...f } ".repeat(2_400)
        )),
        text(format!("{{ one(any: [{}]) }}", "$a ".repeat(20_000))),
        text(format!("{{ one(any: [{}]) }}", "[] ".repeat(20_000))),
        text(format!("{{ one(any: {{ {} }}) }}", numbered(8_000, |n| format!("a{n}:1 ")))),
        text(format!(
            "query ({}) {{ one(any: [{}]) }}",
            numbered(256, |n| format!("$a{n}:Int ")),
            "$a255 ".repeat(9_000)
        )),
        text(
            numbered(3_000, |n| format!("query q{n} {{ ...f }} ")) + "fragment f on Query { one }",
        ),
        text(format!(
            "{{ {} }} {}",
            numbered(1_600, |n| format!("...f{n} ")),
            numbered(1_600, |n| format!("fragment f{n} on Query {{one}} "))
        )),
        text(format!("{{ one {} }}", "@include(if:true) ".repeat(3_600))),
        text(format!("{{ {} }}", "one @include(if:true) ".repeat(2_900))),
        text(format!("{{ ... {} {{ one }} }}", "@x ".repeat(9_000))),
        text(format!("query {} {{ one }}", "@skip(if:false) ".repeat(4_000))),
        text(format!("{{ one(any: \"{}\") }}", "\\u0041".repeat(10_000))),
        text(format!("{}{}", "{a #".to_owned() + &"x".repeat(60_000) + "\n", "{a ".repeat(60))),
        text("\"\"\"".repeat(21_000)),
        text(format!("{{ one(any: [{}]) }}", "\"\"\"\\\"\"\"\"\"\" ".repeat(5_000))),
        text(format!("{} {{ one }}", ",".repeat(65_000))),
    ];
    for query in shapes {
        ask(&query, json!({})).await;
    }
}

#[tokio::test]
async fn a_large_variable_may_be_used_but_not_a_thousand_times() {
    let any: Vec<_> = (0..100_000).map(|_| json!({})).collect();
    let query = |times: usize| {
        let uses = numbered(times, |n| format!("a{n}: one(any: $any) "));
        format!("query ($any: JSON) {{ {uses} }}")
    };
    let answer = ask(&query(4), json!({ "any": any })).await;
    assert_eq!(answer["data"]["a3"], 1, "{answer:#}");
    let refused = refusal(&query(1_000), json!({ "any": any })).await;
    assert!(refused.starts_with("TOO_LARGE: the arguments of the query"), "{refused}");
    let default = format!(
        "query ($any: JSON = [{}]) {{ {} }}",
        "1 ".repeat(10_000),
        numbered(1_000, |n| format!("a{n}: one(any: $any) "))
    );
    assert!(refusal(&default, json!({})).await.contains("the arguments"));
}

#[tokio::test]
async fn a_query_that_is_known_is_still_checked_with_its_variables() {
    let subgraph = subgraph();
    let uses = numbered(900, |n| format!("a{n}: one(any: $any) "));
    let query = format!("query ($any: JSON) {{ {uses} }}");
    let large: Vec<_> = (0..100_000).map(|_| json!({})).collect();
    for (any, is_refused) in [(json!(1), false), (json!(large), true), (json!(2), false)] {
        let answer = ask_of(&subgraph, &query, json!({ "any": any })).await;
        assert_eq!(answer["data"].is_null(), is_refused, "{answer:#}");
    }
}

#[tokio::test]
async fn an_answer_that_grows_too_large_is_not_given() {
    let aliases = numbered(1_000, |n| format!("a{n}: one "));
    for query in [
        format!("{{ list(entries: 2000) {{ {aliases} }} }}"),
        "{ list(entries: 1000) { list(entries: 1000) { __typename } } }".to_owned(),
        format!("{{ {} }}", numbered(100, |n| format!("a{n}: text(bytes: 500000) "))),
        format!("{{ {} }}", numbered(1_001, |n| format!("a{n}: statement "))),
    ] {
        let refused = refusal(&query, json!({})).await;
        assert!(refused.starts_with("TOO_LARGE: the answer is too large"), "{refused}");
    }
    let fits = ask("{ list(entries: 2048) { one again { one } } }", json!({})).await;
    assert_eq!(fits["data"]["list"].as_array().unwrap().len(), 2048);
}

#[tokio::test]
async fn the_schema_can_be_read_but_not_a_hundred_times() {
    for query in [
        format!("{{ {} }}", numbered(10, |n| format!("a{n}: __schema {{ types {{ name }} }} "))),
        format!("{{ __schema {{ types {{ fields {{ {} }} }} }} }}", "name ".repeat(500)),
        format!("{{ __schema {{ types {{ fields {{ {} }} }} }} }}", "__typename ".repeat(500)),
        format!("{{ {} }}", numbered(10, |n| format!("a{n}: _service {{ sdl }} "))),
    ] {
        assert!(refusal(&query, json!({})).await.contains("fields about the schema"));
    }
    let names = numbered(440, |n| format!("a{n}: name "));
    ask(&format!("{{ __schema {{ types {{ fields {{ {names} }} }} }} }}"), json!({})).await;
}

#[tokio::test]
async fn a_thousand_mistakes_are_told_in_a_hundred() {
    let answer = ask(&format!("{{ {} }}", "unknown ".repeat(1_000)), json!({})).await;
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100]["message"], "and 900 more errors");
}
