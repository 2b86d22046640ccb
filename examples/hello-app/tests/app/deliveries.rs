//! What the app believes, and how often it stores it.

use chrono::{TimeDelta, Utc};
use standardwebhooks::Webhook;

use crate::house::{House, body};

const CREATED: &str = "product.item.created";

#[tokio::test]
async fn a_delivery_that_comes_twice_is_stored_once() {
    let house = House::installed().await;
    let body = body(CREATED, "prod_1");
    assert_eq!(house.deliver("msg_1", &body).await, 204);
    assert_eq!(house.deliver("msg_1", &body).await, 204);
    assert_eq!(house.deliver("msg_2", &body).await, 204);
    let stored = house.stored();
    let ids: Vec<_> = stored.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["msg_1", "msg_2"]);
    assert_eq!(stored[0].message.to_string(), body);
    assert_eq!(stored[0].product_id(), Some("prod_1"));
}

#[tokio::test]
async fn deliveries_of_one_id_at_the_same_moment_are_stored_once() {
    let house = House::installed().await;
    let body = body(CREATED, "prod_1");
    let deliver = || house.deliver("msg_1", &body);
    let answers = tokio::join!(deliver(), deliver(), deliver(), deliver());
    assert_eq!(answers, (204, 204, 204, 204));
    assert_eq!(house.stored().len(), 1);
}

#[tokio::test]
async fn an_app_that_was_started_again_knows_what_it_has_stored() {
    let mut house = House::installed().await;
    let body = body(CREATED, "prod_1");
    assert_eq!(house.deliver("msg_1", &body).await, 204);
    house.start_again().await;
    assert_eq!(house.deliver("msg_1", &body).await, 204);
    assert_eq!(house.stored().len(), 1);
}

#[tokio::test]
async fn a_line_that_a_crash_left_half_is_gone_and_its_delivery_stored_when_it_comes_again() {
    let mut house = House::installed().await;
    let body = body(CREATED, "prod_1");
    assert_eq!(house.deliver("msg_1", &body).await, 204);
    let path = house.folder.path().join("deliveries.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}{{\"id\":\"msg_2\",\"mess")).unwrap();
    assert_eq!(house.stored().len(), 1);
    house.start_again().await;
    assert_eq!(house.deliver("msg_2", &body).await, 204);
    assert_eq!(house.stored().len(), 2);
}

#[tokio::test]
async fn a_signature_that_was_cut_off_is_refused() {
    let house = House::installed().await;
    let body = body(CREATED, "prod_1");
    let headers = house.signed("msg_1", Utc::now(), &body);
    let received = headers.as_received();
    let whole = received.signature.split(' ').next().unwrap();
    for length in ["v1,".len(), "v1,".len() + 8, whole.len() - 4, whole.len() - 1] {
        let signature = &whole[..length];
        let headers = [("webhook-signature", signature)];
        let others = [("webhook-id", received.id), ("webhook-timestamp", received.timestamp)];
        let status = house.deliver_with(&[&headers[..], &others].concat(), &body).await;
        assert_eq!(status, 401, "{signature}");
    }
    assert_eq!(house.stored(), []);
}

#[tokio::test]
async fn the_signature_of_another_delivery_is_refused() {
    let house = House::installed().await;
    let (first, second) = (body(CREATED, "prod_1"), body(CREATED, "prod_2"));
    let headers = house.signed("msg_1", Utc::now(), &first);
    let headers: Vec<_> = headers.iter().collect();
    assert_eq!(house.deliver_with(&headers, &second).await, 401);
    let renamed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, if *name == "webhook-id" { "msg_2" } else { value }))
        .collect();
    assert_eq!(house.deliver_with(&renamed, &first).await, 401);
    assert_eq!(house.stored(), []);
}

#[tokio::test]
async fn a_signature_of_more_than_five_minutes_ago_is_refused() {
    let house = House::installed().await;
    let body = body(CREATED, "prod_1");
    for offset in [-310, 310] {
        let headers = house.signed("msg_1", Utc::now() + TimeDelta::seconds(offset), &body);
        let headers: Vec<_> = headers.iter().collect();
        assert_eq!(house.deliver_with(&headers, &body).await, 401, "{offset}");
    }
    assert_eq!(house.stored(), []);
}

#[tokio::test]
async fn a_signature_by_another_secret_is_refused() {
    let house = House::installed().await;
    let body = body(CREATED, "prod_1");
    let other = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let now = Utc::now().timestamp();
    let signature = other.sign("msg_1", now, body.as_bytes()).unwrap();
    let now = now.to_string();
    let headers =
        [("webhook-id", "msg_1"), ("webhook-timestamp", &*now), ("webhook-signature", &*signature)];
    assert_eq!(house.deliver_with(&headers, &body).await, 401);
    assert_eq!(house.deliver_with(&[], &body).await, 401);
    assert_eq!(house.stored(), []);
}

#[tokio::test]
async fn an_app_that_is_not_installed_believes_nothing() {
    let house = House::new().await;
    assert_eq!(house.deliver("msg_1", &body(CREATED, "prod_1")).await, 401);
    assert_eq!(house.stored(), []);
}
