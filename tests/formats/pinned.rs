//! The pin and the vault that belongs to it.

use std::sync::LazyLock;

use keyseal::envelope::keyset::{Keyset, KeysetError, Published};
use keyseal::vault::{Header, MemoryStore, PinError, Store, Vault, VaultError, VaultKey};

use crate::companion_key::CompanionKey;

static OURS: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);
static THEIRS: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);

const ISSUER: &str = "https://keys.example.com";
const NOW: i64 = 1_790_000_000;

fn published(by: &CompanionKey, seq: i64) -> Published {
    by.publish(&Keyset {
        issuer: ISSUER.into(),
        seq,
        iat: NOW - 10,
        exp: NOW + 3600,
        keys: vec![by.jwk()],
    })
}

/// A vault that was made with our companion.
fn vault() -> Vault<MemoryStore> {
    let mut vault = Vault::open(MemoryStore::default(), ISSUER, "user-1").expect("opens");
    vault
        .accept(&published(&OURS, 1), ISSUER, None, NOW)
        .expect("first use");
    let header = Header::new(OURS.public().kid()).expect("random");
    vault
        .create(header, VaultKey::generate().expect("random"))
        .expect("created");
    vault
}

fn pin_name(vault: &Vault<MemoryStore>) -> String {
    vault
        .store()
        .names("keyseal.v1.pin.")
        .expect("listed")
        .remove(0)
}

#[test]
fn a_refused_key_set_leaves_the_pin_as_it_was() {
    let mut vault = vault();
    let before = vault.pin(ISSUER).expect("readable");
    let refused = vault.accept(&published(&THEIRS, 9), ISSUER, None, NOW);
    assert!(matches!(
        refused,
        Err(PinError::Keyset(KeysetError::Identity { .. }))
    ));
    assert_eq!(vault.pin(ISSUER).expect("readable"), before);
}

#[test]
fn an_identity_that_the_app_vouches_for_replaces_the_pin_and_the_vault_follows() {
    let mut vault = vault();
    let theirs = THEIRS.public().kid();
    vault
        .accept(&published(&THEIRS, 1), ISSUER, Some(theirs), NOW)
        .expect("vouched for");
    assert_eq!(vault.header().expect("made").identity(), theirs);
    assert!(
        vault
            .accept(&published(&THEIRS, 2), ISSUER, None, NOW)
            .is_ok()
    );
    let refused = vault.accept(&published(&OURS, 9), ISSUER, None, NOW);
    assert!(matches!(
        refused,
        Err(PinError::Keyset(KeysetError::Identity { .. }))
    ));
}

#[test]
fn a_vault_whose_pin_is_gone_takes_no_other_identity_for_a_first_use() {
    let mut vault = vault();
    let name = pin_name(&vault);
    vault.store().remove(&name).expect("removed");
    let refused = vault.accept(&published(&THEIRS, 1), ISSUER, None, NOW);
    assert!(matches!(
        refused,
        Err(PinError::Vault(VaultError::OtherIdentity))
    ));
    assert_eq!(vault.pin(ISSUER).expect("readable"), None);
    assert!(
        vault
            .accept(&published(&OURS, 1), ISSUER, None, NOW)
            .is_ok()
    );
}

#[test]
fn a_damaged_pin_is_not_taken_for_a_first_use() {
    let mut vault = vault();
    let name = pin_name(&vault);
    vault.store().set(&name, "{").expect("written");
    let refused = vault.accept(&published(&OURS, 1), ISSUER, None, NOW);
    assert!(matches!(refused, Err(PinError::Vault(VaultError::Damaged))));
    let trusted = vault.accept(&published(&OURS, 1), ISSUER, Some(OURS.public().kid()), NOW);
    assert!(trusted.is_ok(), "the app says whom to trust");
}
