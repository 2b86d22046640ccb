//! `czo migrate`

use serde_json::Value;

use crate::support::{PostgresDatabase, Site};

async fn fresh() -> Site {
    Site::on(PostgresDatabase::create().await)
}

/// Owners and whether they are applied, as a command printed it.
fn states(printed: &Value) -> Vec<(String, bool)> {
    let states = printed.as_array().expect("a list").iter();
    let owner = |state: &Value| state["owner"].as_str().expect("an owner").to_owned();
    states.map(|state| (owner(state), state["applied"].as_bool().expect("a verdict"))).collect()
}

/// What the command prints as JSON.
async fn migrate(site: &Site, arguments: &[&str]) -> Vec<(String, bool)> {
    let arguments: Vec<_> =
        ["migrate"].iter().chain(arguments).chain(&["--json"]).copied().collect();
    states(&site.czo(&arguments).await.succeeded().json())
}

/// The migrations that there are.
const OWNERS: [(&str, usize); 7] = [
    ("runtime", 2),
    ("outbox", 2),
    ("jobs", 1),
    ("apps", 2),
    ("webhooks", 2),
    ("modules", 2),
    ("catalog", 3),
];

fn all(applied: bool) -> Vec<(String, bool)> {
    OWNERS.iter().flat_map(|(owner, _)| of(owner, applied)).collect()
}

/// All migrations of one owner.
fn of(owner: &str, applied: bool) -> Vec<(String, bool)> {
    let count = OWNERS.iter().find(|(name, _)| *name == owner).map_or(0, |(_, count)| *count);
    vec![(owner.to_owned(), applied); count]
}

#[tokio::test]
async fn status_tells_what_is_pending_and_changes_nothing() {
    let site = fresh().await;
    assert_eq!(migrate(&site, &["status"]).await, all(false));
    assert_eq!(migrate(&site, &["status"]).await, all(false));
}

#[tokio::test]
async fn up_applies_what_is_pending_and_then_nothing() {
    let site = fresh().await;
    assert_eq!(migrate(&site, &["up"]).await, all(true));
    assert_eq!(migrate(&site, &["up"]).await, vec![]);
    assert_eq!(migrate(&site, &["status"]).await, all(true));
    let again = site.czo(&["migrate", "up"]).await.succeeded();
    assert!(again.stdout.contains("applied already"), "{}", again.stdout);
}

#[tokio::test]
async fn down_takes_everything_back_so_that_up_can_apply_it_again() {
    let site = fresh().await;
    migrate(&site, &["up"]).await;
    let mut down = migrate(&site, &["down", "--yes"]).await;
    down.sort();
    let mut expected = all(false);
    expected.sort();
    assert_eq!(down, expected);
    assert_eq!(migrate(&site, &["up"]).await, all(true));
}

#[tokio::test]
async fn of_one_owner_the_others_are_left_alone() {
    let site = fresh().await;
    assert_eq!(migrate(&site, &["up", "--owner", "runtime"]).await, of("runtime", true));
    assert_eq!(migrate(&site, &["status", "--owner", "catalog"]).await, of("catalog", false));
    assert_eq!(migrate(&site, &["up", "--owner", "catalog"]).await, of("catalog", true));
    let down = migrate(&site, &["down", "--owner", "catalog", "--yes"]).await;
    assert_eq!(down, of("catalog", false));
    assert_eq!(migrate(&site, &["status", "--owner", "runtime"]).await, of("runtime", true));
}

#[tokio::test]
async fn an_unknown_owner_is_named_with_those_there_are() {
    let site = fresh().await;
    for command in ["up", "status"] {
        let finished = site.czo(&["migrate", command, "--owner", "catalogue"]).await;
        let sentence = finished.refusal();
        assert!(sentence.contains("`catalogue`"), "{sentence}");
        assert!(
            sentence.contains("runtime, outbox, jobs, apps, webhooks, modules, catalog"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn without_a_terminal_data_is_only_lost_to_a_yes() {
    let site = Site::postgres().await;
    site.start().await.stop().await.succeeded();
    for command in ["down", "fresh"] {
        let finished = site.czo(&["migrate", command]).await;
        assert!(finished.refusal().contains("`--yes`"), "{}", finished.stderr);
    }
    assert_eq!(migrate(&site, &["status"]).await, all(true));
    assert_eq!(site.start().await.owner().count().await, 12);
}

#[tokio::test]
async fn fresh_leaves_an_empty_schema_and_the_next_start_is_a_first_one() {
    let site = Site::postgres().await;
    site.start().await.stop().await.succeeded();
    let old = site.owner_token();
    assert_eq!(migrate(&site, &["fresh", "--yes"]).await, all(true));
    let server = site.start().await;
    assert_eq!(server.owner().count().await, 12);
    let new = site.owner_token();
    assert_ne!(new, old);
    assert_eq!(server.printed_token().as_ref(), Some(&new));
    let refused = server.visitor().with_token(&old).get("/api/catalog/export").await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn people_read_a_table() {
    let site = fresh().await;
    let finished = site.czo(&["migrate", "status"]).await.succeeded();
    let mut lines = finished.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next(), Some(vec!["OWNER", "MIGRATION", "STATE"]));
    assert!(lines.all(|line| line.len() == 3 && line[2] == "pending"), "{}", finished.stdout);
}

#[tokio::test]
async fn two_that_migrate_at_once_both_succeed() {
    let site = fresh().await;
    let (first, second) = (site.spawn(&["migrate", "up"]), site.spawn(&["migrate", "up"]));
    first.finish().await.succeeded();
    second.finish().await.succeeded();
    assert_eq!(migrate(&site, &["status"]).await, all(true));
}

#[tokio::test]
async fn the_embedded_database_can_be_migrated_by_hand_as_well() {
    let site = Site::sqlite();
    assert_eq!(migrate(&site, &["up"]).await, all(true));
    assert_eq!(migrate(&site, &["down", "--yes", "--steps", "1"]).await.len(), OWNERS.len());
    // Of each owner the newest is gone.
    let expected: Vec<_> = OWNERS
        .iter()
        .flat_map(|(owner, count)| {
            (1..=*count).map(move |place| ((*owner).to_owned(), place < *count))
        })
        .collect();
    assert_eq!(migrate(&site, &["status"]).await, expected);
    assert_eq!(site.start().await.visitor().count().await, 11);
}
