//! What is sealed opens in its place, unchanged, with its key, or not at all.

use czo_apps::{Vault, VaultError, VaultKey, VaultPlace};
use secrecy::ExposeSecret;
use uuid::Uuid;

fn key() -> VaultKey {
    VaultKey::generate().unwrap()
}

fn vault(keys: &[&VaultKey]) -> Vault {
    Vault::new(keys.iter().map(|key| (*key).clone())).unwrap()
}

fn place() -> VaultPlace {
    VaultPlace { table: "app_secret", column: "sealed", row: Uuid::from_u128(1) }
}

#[test]
fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
    let vault = vault(&[&key()]);
    let sealed = vault.seal(place(), b"value").unwrap();
    assert_eq!(*vault.open(place(), &sealed).unwrap(), b"value");
    let elsewhere = [
        VaultPlace { table: "app_secretsealed", column: "", ..place() },
        VaultPlace { table: "app_token", ..place() },
        VaultPlace { column: "config", ..place() },
        VaultPlace { row: Uuid::from_u128(2), ..place() },
    ];
    for place in elsewhere {
        assert_eq!(vault.open(place, &sealed), Err(VaultError::Damaged { place }));
    }
}

#[test]
fn a_change_of_any_bit_is_noticed() {
    let vault = vault(&[&key()]);
    let sealed = vault.seal(place(), b"value").unwrap();
    for at in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(vault.open(place(), &changed).is_err(), "bit {at}");
    }
    for end in 0..sealed.len() {
        assert!(vault.open(place(), &sealed[..end]).is_err(), "{end} bytes");
    }
    assert!(vault.open(place(), &[sealed, vec![0]].concat()).is_err());
}

#[test]
fn the_same_value_is_sealed_differently_each_time() {
    let vault = vault(&[&key()]);
    assert_ne!(vault.seal(place(), b"value").unwrap(), vault.seal(place(), b"value").unwrap());
}

#[test]
fn nothing_and_a_large_value_are_sealed_too() {
    let vault = vault(&[&key()]);
    for value in [Vec::new(), vec![7; 1024 * 1024]] {
        let sealed = vault.seal(place(), &value).unwrap();
        assert_eq!(*vault.open(place(), &sealed).unwrap(), value);
    }
}

#[test]
fn a_new_key_seals_and_the_old_one_still_opens() {
    let (old, new) = (key(), key());
    let before = vault(&[&old]).seal(place(), b"value").unwrap();
    let both = vault(&[&new, &old]);
    assert_eq!(*both.open(place(), &before).unwrap(), b"value");
    assert!(!both.is_current(&before));
    let after = both.seal(place(), b"value").unwrap();
    assert!(both.is_current(&after));
    assert_eq!(*vault(&[&new]).open(place(), &after).unwrap(), b"value");
}

#[test]
fn a_key_that_is_missing_is_named_with_the_setting() {
    let (old, new) = (key(), key());
    let sealed = vault(&[&old]).seal(place(), b"value").unwrap();
    let error = vault(&[&new]).open(place(), &sealed).unwrap_err();
    let expected = format!(
        "`app_secret.sealed` is sealed with the key {}, and `apps.vault_keys` has {}: \
         add that key behind the newest one",
        old.id(),
        new.id()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_vault_has_at_least_one_key() {
    assert_eq!(Vault::new([]).unwrap_err(), VaultError::NoKey);
}

#[test]
fn a_key_is_32_bytes_in_base64() {
    let text = key().expose().expose_secret().to_owned();
    assert!(format!(" {text}\n").parse::<VaultKey>().is_ok());
    for wrong in ["", "key", &text[..40], &text.repeat(2), &text.replace('=', "")] {
        assert_eq!(wrong.parse::<VaultKey>().unwrap_err(), VaultError::KeyText, "{wrong}");
    }
}

#[test]
fn debug_shows_the_id_of_a_key_only() {
    let key = key();
    let text = key.expose().expose_secret().to_owned();
    let debug = format!("{key:?} {:?}", vault(&[&key]));
    assert!(debug.contains(&key.id().to_string()) && !debug.contains(&text), "{debug}");
}
