//! What the app answers when it is installed, and what it keeps.

use serde_json::{Value, json};

use crate::house::{CZO, House, TOKEN, text_of};

#[tokio::test]
async fn the_challenge_is_repeated() {
    let house = House::new().await;
    let answer = house.challenge(&format!("{CZO}/api")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "challenge": "a challenge" }));
}

#[tokio::test]
async fn another_czo_gets_no_answer_to_its_challenge() {
    let house = House::new().await;
    for other in ["http://127.0.0.1:4001", "https://127.0.0.1:4000", "http://evil.example", "?"] {
        assert_eq!(house.challenge(other).await.status(), 403, "{other}");
    }
}

#[tokio::test]
async fn what_czo_hands_over_is_kept() {
    let house = House::installed().await;
    let kept = house.vault().load().unwrap().unwrap();
    assert_eq!(kept.token, TOKEN);
    assert_eq!(kept.signing_secret, text_of(&house.secret));
    assert_eq!(json!(kept.public_key), house.message()["publicKey"]);
    let shown = format!("{kept:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("whsec_"), "{shown}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let house = House::installed().await;
    let metadata = std::fs::metadata(house.folder.path().join("credentials.json")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_handed_over_without_a_signature_that_fits_is_not_kept() {
    let house = House::new().await;
    let mut message = house.message();
    message["signingSecret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_eq!(house.hand_over(&message).await.status(), 401);
    assert_eq!(house.vault().load().unwrap(), None);
}

#[tokio::test]
async fn an_app_that_is_installed_takes_no_other_secret() {
    let house = House::installed().await;
    let before = house.vault().load().unwrap();
    assert_eq!(house.challenge(CZO).await.status(), 409);
    let mut other = house.message();
    other["token"] = json!("czoapp_of_another");
    let answer = house.hand_over(&other).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("hello-app forget"));
    assert_eq!(house.vault().load().unwrap(), before);
}

#[tokio::test]
async fn an_app_that_has_forgotten_can_be_installed_again() {
    let house = House::installed().await;
    house.vault().forget().unwrap();
    assert_eq!(house.challenge(CZO).await.status(), 200);
    assert_eq!(house.hand_over(&house.message()).await.status(), 204);
}
