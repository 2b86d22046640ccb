//! What messages to an app are signed with.

use std::time::Duration;

use czo_apps::{AppError, InstallationId, SigningSecret, Vault, VaultKey, Verifier};
use czo_core::{Classified, Clock, ErrorKind, RequestContext};
use czo_testkit::on_each_database;
use secrecy::ExposeSecret;

use crate::world::{HOUR, Setting, World, registry};

/// Whether a message that is signed now is good for a receiver.
async fn is_good_for(world: &World, app: InstallationId, verifier: &Verifier) -> bool {
    let signer = world.registry.signer(app).await.unwrap().unwrap();
    let (id, now) = ("msg_1".parse().unwrap(), world.clock.now());
    let headers = signer.sign(&id, now, b"{}");
    verifier.verify(&headers.as_received(), b"{}", now).is_ok()
}

/// A receiver with the secret that the app was given when it was installed.
fn first_receiver(world: &World) -> Verifier {
    let sent = world.app.installed().json();
    let secret: SigningSecret = sent["signingSecret"].as_str().unwrap().parse().unwrap();
    Verifier::new(secret)
}

on_each_database! {
    async fn messages_are_signed_with_what_the_app_was_given(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        assert!(is_good_for(&world, app.id, &first_receiver(&world)).await);
    }

    async fn secrets_are_kept_sealed(database: TestDatabase) {
        let world = World::new(&database).await;
        world.install().await;
        let sent = world.app.installed().json();
        let secret = sent["signingSecret"].as_str().unwrap();
        let sql = if database.is_sqlite() {
            "SELECT hex(sealed) FROM app_secret"
        } else {
            "SELECT upper(encode(sealed, 'hex')) FROM app_secret"
        };
        let kept = world.texts(sql).await;
        assert_eq!(kept.len(), 2);
        let plain: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        assert!(kept.iter().all(|kept| !kept.contains(&plain[..16])));
    }

    async fn while_a_secret_is_replaced_both_the_old_and_the_new_one_sign(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let old = first_receiver(&world);
        let rotated = world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        let secret: SigningSecret = rotated.secret.expose_secret().parse().unwrap();
        let (new, by_key) = (Verifier::new(secret), Verifier::new(rotated.public_key));
        world.clock.set(rotated.old_until - Duration::from_micros(1));
        assert!(is_good_for(&world, app.id, &old).await);
        assert!(is_good_for(&world, app.id, &new).await);
        assert!(is_good_for(&world, app.id, &by_key).await);
        world.clock.set(rotated.old_until);
        assert!(!is_good_for(&world, app.id, &old).await);
        assert!(is_good_for(&world, app.id, &new).await);
    }

    async fn without_an_overlap_the_old_secret_signs_no_more(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let old = first_receiver(&world);
        world.registry.rotate_secret(&world.owner, app.id, Duration::ZERO).await.unwrap();
        assert!(!is_good_for(&world, app.id, &old).await);
    }

    async fn a_message_is_signed_by_five_generations_at_most(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        for _ in 0..4 {
            world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        }
        let error = world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap_err();
        assert!(matches!(error, AppError::TooMany { .. }), "{error}");
        assert!(is_good_for(&world, app.id, &first_receiver(&world)).await);
        // One that was found out is replaced all the same.
        world.registry.rotate_secret(&world.owner, app.id, Duration::ZERO).await.unwrap();
        assert!(!is_good_for(&world, app.id, &first_receiver(&world)).await);
    }

    async fn secrets_are_in_no_debug_and_no_event(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let rotated = world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        let mut texts = vec![format!("{rotated:?}"), format!("{:?}", world.registry)];
        texts.extend(world.events.take().await.iter().map(|event| event.data.to_string()));
        assert!(texts.iter().all(|text| !text.contains("whsec_") && !text.contains("whsk_")));
    }

    async fn with_a_new_key_of_the_vault_old_secrets_still_sign(database: TestDatabase) {
        let (old, new) = (VaultKey::generate().unwrap(), VaultKey::generate().unwrap());
        let vault = Vault::new([old.clone()]).unwrap();
        let world = World::with(&database, Setting { vault, ..Default::default() }).await;
        let app = world.install().await;
        let vault = Vault::new([new, old]).unwrap();
        let setting = Setting { vault, ..Default::default() };
        let rotated = registry(&world.database, &world.clock, setting);
        assert!(rotated.signer(app.id).await.unwrap().is_some());
    }

    async fn once_everything_is_sealed_anew_the_old_key_is_needed_no_more(database: TestDatabase) {
        let (old, new) = (VaultKey::generate().unwrap(), VaultKey::generate().unwrap());
        let with = |keys: &[&VaultKey]| {
            let vault = Vault::new(keys.iter().map(|key| (*key).clone())).unwrap();
            Setting { vault, ..Default::default() }
        };
        let world = World::with(&database, with(&[&old])).await;
        let app = world.install().await;
        let config = serde_json::json!({ "apiKey": "sk_live_12345678" });
        world.registry.configure(&world.owner, app.id, &config).await.unwrap();
        let both = registry(&world.database, &world.clock, with(&[&new, &old]));
        assert_eq!(both.reseal().await.unwrap(), 3);
        assert_eq!(both.reseal().await.unwrap(), 0);
        let fresh = registry(&world.database, &world.clock, with(&[&new]));
        assert!(fresh.signer(app.id).await.unwrap().is_some());
        let identity = world.whose(&world.app.token()).await.unwrap();
        let ctx = RequestContext { actor: identity.actor(), ..world.owner.clone() };
        let own = fresh.own_config(&ctx).await.unwrap().unwrap();
        assert_eq!(own.expose_secret(), config.to_string());
        assert!(world.registry.signer(app.id).await.is_err());
    }

    async fn with_another_key_the_setting_is_named(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        let other = registry(&world.database, &world.clock, Setting::default());
        let error = other.signer(app.id).await.unwrap_err();
        assert!(error.to_string().contains("`apps.vault_keys`"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Internal);
    }

    async fn a_sweep_forgets_secrets_that_sign_no_more(database: TestDatabase) {
        let world = World::new(&database).await;
        let app = world.install().await;
        world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        assert_eq!(world.registry.sweep().await.unwrap().secrets, 0);
        world.clock.advance(HOUR);
        assert_eq!(world.registry.sweep().await.unwrap().secrets, 2);
        assert!(world.registry.signer(app.id).await.unwrap().is_some());
    }
}
