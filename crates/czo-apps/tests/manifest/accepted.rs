use czo_apps::{AppManifest, Mount, OnFailure, OrderBy, PermissionScope, WebhookMode};
use czo_core::Permission;

use crate::fixture::{full, read, rules, small};

#[test]
fn a_full_manifest_is_read_as_it_was_written() {
    let manifest = read(&full()).unwrap();
    assert_eq!(manifest.id.as_str(), "com.example.loyalty");
    assert_eq!(manifest.version.to_string(), "1.4.0");
    assert_eq!(manifest.about.as_deref(), Some("Points for every order.\nAnd more."));
    let [orders, products] = &manifest.permissions[..] else { panic!("two requests") };
    assert_eq!(orders.permissions().collect::<Vec<_>>(), [Permission::new("order", "read")]);
    assert_eq!((orders.scope, products.scope), (PermissionScope::Shop, PermissionScope::Own));
    let [told, asked] = &manifest.webhooks[..] else { panic!("two webhooks") };
    assert_eq!((told.mode, told.order.unwrap().by), (WebhookMode::Async, OrderBy::Key));
    assert!(told.filter.is_some());
    let call = asked.sync.as_ref().unwrap();
    assert_eq!((call.deadline_milliseconds, call.on_failure), (800, OnFailure::LastGood));
    assert_eq!(manifest.extensions[0].mount, Mount::OrderDetails);
    assert_eq!(manifest.extensions[0].permissions, [Permission::new("order", "read")]);
    let secrets: Vec<_> = manifest.config_schema.as_ref().unwrap().secrets().collect();
    assert_eq!(secrets, ["apiKey"]);
}

#[test]
fn what_is_optional_may_be_left_out() {
    let manifest = read(&small()).unwrap();
    assert!(manifest.permissions.is_empty() && manifest.webhooks.is_empty());
    assert!(manifest.config_schema.is_none() && manifest.manifest_url.is_none());
}

#[test]
fn relative_urls_are_those_of_the_app() {
    let manifest = read(&full()).unwrap();
    assert_eq!(manifest.handshake_url.as_str(), "https://loyalty.example.org/app/handshake");
    assert_eq!(manifest.icon.unwrap().as_str(), "https://loyalty.example.org/app/icon.png");
    let target = manifest.webhooks[0].target_url.as_str();
    assert_eq!(target, "https://loyalty.example.org/app/hooks/orders");
    assert_eq!(
        read(&small()).unwrap().handshake_url.as_str(),
        "https://small.example.org/handshake"
    );
}

#[test]
fn a_manifest_that_is_kept_is_the_same_afterwards() {
    for manifest in [full(), small()] {
        let manifest = read(&manifest).unwrap();
        let kept = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(serde_json::from_slice::<AppManifest>(&kept).unwrap(), manifest);
        // And it is a manifest itself.
        assert_eq!(AppManifest::read(&kept, &rules()).unwrap(), manifest);
    }
}

#[test]
fn errors_and_manifests_can_be_sent_between_threads() {
    fn is_send_and_sync<T: Send + Sync + std::fmt::Debug + Clone>() {}
    is_send_and_sync::<AppManifest>();
    is_send_and_sync::<czo_apps::ManifestRules>();
    is_send_and_sync::<czo_apps::ManifestError>();
    is_send_and_sync::<czo_apps::ManifestDiff>();
}
