//! What a browser, a monitor or a generator of clients finds.

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, Server, Site, on_each_database};

/// A page, which must be HTML.
async fn page(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let media = answer.headers()[CONTENT_TYPE].to_str().expect("a media type");
    assert!(media.starts_with("text/html"), "{path}: {media}");
    answer.text().await.expect("a page")
}

/// What the tags of a page load: `src` and `href` of scripts, styles, pictures and frames. What
/// stands between `<script>` and `</script>` is no tag.
fn loads(html: &str) -> Vec<String> {
    let mut rest = html;
    let mut found = Vec::new();
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap_or(rest.len());
        let tag = &rest[..end];
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if ["script", "link", "img", "iframe"].contains(&name) {
            for attribute in ["src=", "href="] {
                let values = tag.split(attribute).skip(1).map(|value| {
                    let quote =
                        value.chars().next().filter(|c| matches!(c, '"' | '\'')).unwrap_or(' ');
                    let value = value.strip_prefix(quote).unwrap_or(value);
                    value.split(quote).next().unwrap_or_default().to_owned()
                });
                found.extend(values);
            }
        }
        rest = &rest[end..];
        for raw in ["script", "style"].into_iter().filter(|raw| name == *raw) {
            let close = format!("</{raw}");
            rest = &rest[rest.find(&close).unwrap_or(rest.len())..];
        }
    }
    found
}

async fn start(site: &Site) -> (Server, Client) {
    let server = site.start().await;
    let visitor = server.visitor();
    (server, visitor)
}

on_each_database! {
    async fn the_health_report_has_one_line_per_component(site: Site) {
        let (_server, visitor) = start(&site).await;
        let answer = visitor.get("/api/_health").await;
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await.expect("a report");
        let report: Value = serde_json::from_str(&text).expect("a report in JSON");
        assert_eq!(report["status"], "up");
        for component in ["database", "event_bus", "outbox", "jobs", "cache", "webhooks", "modules"] {
            let line = text.lines().find(|line| line.contains(component)).expect("a line");
            let line: Value = serde_json::from_str(line.trim_end_matches(',')).expect("JSON");
            assert_eq!((&line["name"], &line["status"]), (&json!(component), &json!("up")));
        }
        assert_eq!(report["components"].as_array().map(Vec::len), Some(7), "{text}");
    }
}

#[tokio::test]
async fn one_component_can_be_asked_for_and_an_unknown_one_is_named() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let report: Value = visitor.get("/api/_health/event_bus").await.json().await.unwrap();
    assert_eq!(report["components"][0]["name"], "event_bus");
    let unknown = visitor.get("/api/_health/rabbitmq").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(unknown.text().await.unwrap().contains("database, event_bus, outbox"));
}

#[tokio::test]
async fn the_openapi_document_describes_the_import_with_its_token() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let document: Value = visitor.get("/api/openapi.json").await.json().await.unwrap();
    let import = &document["paths"]["/api/catalog/import"]["post"];
    assert!(import["requestBody"]["content"]["text/csv"].is_object(), "{import}");
    assert!(import["security"][0]["bearer"].is_array(), "{import}");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[tokio::test]
async fn every_path_of_the_openapi_document_is_served() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let document: Value = visitor.get("/api/openapi.json").await.json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    for expected in ["/api/_health", "/api/_metrics", "/api/catalog/import", "/api/catalog/export"]
    {
        assert!(paths.contains_key(expected), "{expected} is not documented");
    }
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{component}", "database");
            if path.starts_with("/api/catalog/thumbnails/") {
                // There is none, which is told with the status that nothing has.
                continue;
            }
            let answer = visitor.request(method, &path).send().await.unwrap();
            let status = answer.status();
            assert!(![404, 405, 500].contains(&status.as_u16()), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn the_documentation_page_loads_no_script_from_elsewhere() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let html = page(&visitor, "/api/docs").await;
    assert!(html.contains("/api/openapi.json"));
    let foreign = loads(&html).into_iter().filter(|address| address.contains("//"));
    assert_eq!(foreign.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn graphiql_and_everything_it_loads_is_served_from_here() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let files = loads(&page(&visitor, "/graphql").await);
    let files: Vec<_> = files.into_iter().filter(|file| !file.starts_with("data:")).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert!(file.starts_with("/_graphiql/"), "{file}");
        let answer = visitor.get(&file).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        let media = if file.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert_eq!(answer.headers()[CONTENT_TYPE], media, "{file}");
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip", "{file}");
        let bytes = answer.bytes().await.unwrap();
        assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() > 1_000, "{file}");
    }
}

#[tokio::test]
async fn graphiql_can_be_switched_off_without_the_api() {
    let site = Site::sqlite().with("CZO_GRAPHQL__GRAPHIQL", "false");
    let (_server, visitor) = start(&site).await;
    assert_eq!(visitor.get("/graphql").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(visitor.get("/_graphiql/react.js").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(visitor.count().await, 11);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_that_names_the_documentation() {
    let site = Site::sqlite();
    let (_server, visitor) = start(&site).await;
    let answer = visitor.get("/no/such/path").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "NOT_FOUND");
    assert!(problem["detail"].as_str().unwrap().contains("/api/docs"), "{problem}");
}

#[tokio::test]
async fn pages_of_other_origins_may_not_read_answers_unless_they_are_named() {
    const ALLOWED: &str = "access-control-allow-origin";
    let ask = async |client: &Client| {
        let request = client.request(Method::GET, "/api/_health");
        let answer = request.header("Origin", "https://shop.example").send().await.unwrap();
        answer.headers().get(ALLOWED).map(|value| value.to_str().unwrap().to_owned())
    };
    let closed = Site::sqlite();
    let (_server, visitor) = start(&closed).await;
    assert_eq!(ask(&visitor).await, None);

    let open = Site::sqlite().with("CZO_SERVER__CORS_ALLOW_ORIGINS", "[\"https://shop.example\"]");
    let (_server, visitor) = start(&open).await;
    assert_eq!(ask(&visitor).await.as_deref(), Some("https://shop.example"));
}
