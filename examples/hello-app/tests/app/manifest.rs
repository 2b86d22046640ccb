//! That czo takes the manifest.

use czo_apps::{AppManifest, ManifestRules};
use czo_core::{EventType, Permission};
use url::Host;

use crate::house::House;

#[tokio::test]
async fn czo_takes_the_manifest_where_hosts_without_tls_are_allowed() {
    let house = House::new().await;
    let manifest = reqwest::get(format!("{}/manifest.json", house.url)).await.unwrap();
    let manifest = manifest.bytes().await.unwrap();
    let rules = ManifestRules::new("0.1.0".parse().unwrap())
        .permissions([Permission::new("product", "read")])
        .event_types([EventType::from_static("product.item.created")]);
    assert!(AppManifest::read(&manifest, &rules).is_err(), "http is for development only");
    let rules = rules.insecure_hosts([Host::parse("127.0.0.1").unwrap()]);
    let manifest = AppManifest::read(&manifest, &rules).unwrap();
    assert_eq!(manifest.id.as_str(), "com.example.hello");
    assert_eq!(manifest.handshake_url.as_str(), format!("{}/czo/handshake", house.url));
    assert_eq!(manifest.webhooks[0].target_url.as_str(), format!("{}/czo/webhooks", house.url));
}
