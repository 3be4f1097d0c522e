//! The vault over a store in memory.

use std::cell::Cell;

use super::export::OpenExport;
use super::slot::{DeviceSecret, Kind, Slot};
use super::*;
use crate::envelope::Secret;

const ISSUER: &str = "https://keys.example.com";
const CANARY: &str = "sk-canary-5f1b0c9d7e";

/// A store that fails on demand.
#[derive(Default)]
pub(super) struct Flaky {
    inner: MemoryStore,
    full: Cell<bool>,
    /// How many writes are still taken, where they are counted.
    pub(super) left: Cell<Option<usize>>,
}

impl Store for Flaky {
    fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        match self.left.get() {
            Some(0) => return Err(StoreError::Full),
            left => self.left.set(left.map(|left| left - 1)),
        }
        if self.full.get() {
            Err(StoreError::Full)
        } else {
            self.inner.set(name, value)
        }
    }
    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.inner.remove(name)
    }
    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.names(prefix)
    }
}

pub(super) fn claims(rid: &str) -> KeyClaims {
    KeyClaims {
        key: Secret::new(CANARY.into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: rid.into(),
        iat: 1,
        host: None,
    }
}

pub(super) fn display() -> Display {
    Display {
        provider: "openai".into(),
        key_hint: "sk-…7e".into(),
        ..Display::default()
    }
}

fn device() -> Kind {
    Kind::Device(DeviceSecret {
        iv: [1; 12],
        ciphertext: vec![2; 48],
    })
}

pub(super) fn vault() -> Vault<Flaky> {
    let mut vault = Vault::open(Flaky::default(), ISSUER, "user-1").expect("opens");
    let header = Header::new("identity").expect("random");
    let key = VaultKey::generate().expect("random");
    let slot = Slot::wrap(header.id(), device(), b"secret", &key).expect("wrapped");
    vault.create(header.with_slot(slot), key).expect("created");
    vault
}

/// The same records as another page would find them.
pub(super) fn reopened(vault: Vault<Flaky>) -> Vault<Flaky> {
    let mut again = Vault::open(vault.store, ISSUER, "user-1").expect("opens");
    let header = again.header().expect("made").clone();
    let key = header.slots()[0]
        .unwrap(header.id(), b"secret")
        .expect("the right secret");
    again.unlock(key).expect("unlocked");
    again
}

#[test]
fn an_entry_outlives_the_page_and_its_key_stands_nowhere_in_the_records() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    let mut vault = reopened(vault);
    assert_eq!(vault.claims("a").expect("opens"), claims("a"));

    let records = vault.records().expect("readable");
    assert_eq!(records.len(), 2);
    assert!(!format!("{records:?}").contains(CANARY));
    // The control: the same search finds a key that does stand in a record.
    vault
        .update(
            "a",
            Patch {
                label: Some(Some(CANARY.into())),
                ..Patch::default()
            },
        )
        .expect("set");
    assert!(format!("{:?}", vault.records().expect("readable")).contains(CANARY));
}

#[test]
fn a_locked_vault_lists_but_does_not_open() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    vault.lock();
    assert_eq!(vault.entries().expect("listed").len(), 1);
    assert_eq!(vault.claims("a"), Err(VaultError::Locked));
    assert_eq!(vault.put(&claims("b"), display()), Err(VaultError::Locked));
}

#[test]
fn a_record_moved_to_another_entry_is_refused() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    vault.put(&claims("b"), display()).expect("stored");
    let moved = vault.store.get(&vault.names.entry("a")).unwrap().unwrap();
    vault.store.set(&vault.names.entry("b"), &moved).unwrap();
    assert_eq!(vault.claims("b"), Err(VaultError::EntryDamaged("b".into())));
    assert!(vault.claims("a").is_ok());
}

#[test]
fn a_record_with_any_byte_changed_is_refused_by_id_and_the_others_stay_usable() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    vault.put(&claims("b"), display()).expect("stored");
    let name = vault.names.entry("a");
    let good = vault.store.get(&name).unwrap().unwrap();
    let jwe = good.find("\"jwe\":\"").unwrap() + 7..good.find("\",\"display\"").unwrap();
    for at in jwe {
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        vault
            .store
            .set(&name, &String::from_utf8(bad).unwrap())
            .unwrap();
        let error = vault.claims("a").expect_err("changed");
        assert!(
            matches!(error, VaultError::EntryDamaged(_) | VaultError::KeyLost),
            "{at}: {error:?}"
        );
        assert!(vault.claims("b").is_ok());
        assert_eq!(vault.entries().expect("listed").len(), 2);
    }
    for bad in [
        "",
        "null",
        "{",
        "[]",
        "{\"v\":2}",
        &good.replace("\"v\":1", "\"v\":1,\"x\":1"),
    ] {
        vault.store.set(&name, bad).unwrap();
        let entries = vault.entries().expect("listed");
        assert_eq!(
            (entries[0].id.as_str(), entries[0].damaged),
            ("a", Some("entry_damaged"))
        );
        assert_eq!(entries[1].damaged, None);
    }
}

#[test]
fn the_claims_of_another_user_are_neither_stored_nor_opened() {
    let mut vault = vault();
    let foreign = KeyClaims {
        sub: "user-2".into(),
        ..claims("a")
    };
    assert_eq!(vault.put(&foreign, display()), Err(VaultError::OtherUser));
    let other = Vault::open(reopened(vault).store, ISSUER, "user-2").expect("opens");
    assert!(other.header().is_none() && other.entries().expect("listed").is_empty());
}

#[test]
fn a_full_store_loses_nothing() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    let before = vault.records().unwrap();
    vault.store.full.set(true);
    assert_eq!(
        vault.put(&claims("b"), display()),
        Err(VaultError::Store(StoreError::Full))
    );
    assert!(
        vault
            .update(
                "a",
                Patch {
                    priority: Some(3),
                    ..Patch::default()
                }
            )
            .is_err()
    );
    assert_eq!(vault.records().unwrap(), before);
    assert!(vault.claims("a").is_ok());
}

#[test]
fn entries_of_a_vault_key_that_is_gone_say_so() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    let header = Header::new("identity").unwrap();
    vault
        .create(header, VaultKey::generate().unwrap())
        .expect("a new vault");
    vault.put(&claims("b"), display()).expect("stored");
    let entries = vault.entries().unwrap();
    assert_eq!(entries[0].damaged, Some("vault_key_lost"));
    assert_eq!(entries[1].damaged, None);
    assert_eq!(vault.claims("a"), Err(VaultError::KeyLost));
}

#[test]
fn a_slot_opens_with_its_secret_for_its_vault_and_unchanged_only() {
    let key = VaultKey::generate().unwrap();
    let slot = Slot::wrap("vault", device(), b"secret", &key).unwrap();
    assert_eq!(
        slot.unwrap("vault", b"secret").expect("opens").bytes(),
        key.bytes()
    );
    assert!(slot.unwrap("vault", b"Secret").is_err());
    assert!(slot.unwrap("vault2", b"secret").is_err());

    let header = Header::new("i").unwrap().with_slot(slot.clone());
    let json = header.to_json();
    assert_eq!(Header::parse(&json), Some(header));
    for at in 0..json.len() {
        let mut bytes = json.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let Some(changed) = String::from_utf8(bytes)
            .ok()
            .and_then(|json| Header::parse(&json))
        else {
            continue;
        };
        let changed = &changed.slots()[0];
        // The device's part is authenticated by the device's key, not by this one.
        if changed.kind() == slot.kind() && *changed != slot {
            assert!(changed.unwrap("vault", b"secret").is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_vault_record_that_cannot_be_read_is_not_overwritten() {
    let vault = vault();
    let name = vault.names.header();
    vault.store.set(&name, "{").unwrap();
    assert!(matches!(
        Vault::open(vault.store, ISSUER, "user-1"),
        Err(VaultError::Damaged)
    ));
}

#[test]
fn local_copies_follow_what_the_companion_listed() {
    let mut vault = vault();
    let copy = |id: &str| (id.to_owned(), format!("{{\"id\":\"{id}\"}}"));
    vault.put_synced(&[copy("a"), copy("b")]).unwrap();
    vault.put_synced(&[copy("b"), copy("c")]).unwrap();
    assert_eq!(vault.synced().unwrap(), [copy("b"), copy("c")]);
    vault.destroy().unwrap();
    assert!(vault.records().unwrap().is_empty());
}

pub(super) fn fresh() -> Header {
    Header::new("identity").unwrap()
}

pub(super) fn kept(slot: &str, secret: &[u8]) -> Kept {
    Kept {
        slot: slot.into(),
        kind: None,
        secret: secret.to_vec().into(),
    }
}

pub(super) fn slot_id(vault: &Vault<Flaky>, at: usize) -> String {
    vault.header().unwrap().slots()[at].id().to_owned()
}

#[test]
fn a_slot_that_was_removed_does_not_open_what_comes_after() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).unwrap();
    vault.add_slot(Kind::Recovery, b"paper").unwrap();
    let (device, recovery) = (slot_id(&vault, 0), slot_id(&vault, 1));
    let before = vault.header().unwrap().clone();
    let old_key = before.slots()[1]
        .unwrap(before.id(), b"paper")
        .expect("opens");

    vault
        .rekey(fresh(), vec![kept(&device, b"secret")])
        .expect("rekeyed");
    assert_eq!(vault.header().unwrap().slots().len(), 1);
    assert_eq!(vault.claims("a").unwrap(), claims("a"));
    assert_ne!(vault.header().unwrap().id(), before.id());
    assert!(vault.header().unwrap().previous().is_none());
    vault.put(&claims("b"), display()).unwrap();
    let mut again = reopened(vault);
    assert_eq!(again.claims("a").unwrap(), claims("a"));
    // The old vault key, which the removed slot gave, opens neither.
    again.lock();
    again.key = Some(old_key);
    for rid in ["a", "b"] {
        assert!(again.claims(rid).is_err(), "{rid}");
    }
    assert!(
        again
            .header()
            .unwrap()
            .slots()
            .iter()
            .all(|slot| slot.id() != recovery)
    );
}

#[test]
fn a_vault_keeps_a_way_in_and_not_only_a_passkey() {
    let passkey = || {
        Kind::Passkey(slot::Passkey {
            credential: vec![1],
            prf_salt: [2; 32],
        })
    };
    let mut vault = vault();
    vault.put(&claims("a"), display()).unwrap();
    vault.add_slot(passkey(), b"prf").unwrap();
    let (device, key) = (slot_id(&vault, 0), slot_id(&vault, 1));
    let before = vault.records().unwrap();
    assert_eq!(vault.rekey(fresh(), vec![]), Err(VaultError::LastSlot));
    assert_eq!(
        vault.rekey(fresh(), vec![kept(&key, b"prf")]),
        Err(VaultError::LastSlot)
    );
    assert_eq!(
        vault.rekey(fresh(), vec![kept(&device, b"wrong")]),
        Err(VaultError::WrongSecret)
    );
    assert_eq!(
        vault.rekey(fresh(), vec![kept("none", b"secret")]),
        Err(VaultError::NoSlot)
    );
    assert_eq!(vault.records().unwrap(), before, "nothing was changed");
    assert!(
        vault
            .rekey(fresh(), vec![kept(&key, b"prf"), kept(&device, b"secret")])
            .is_ok()
    );
}

#[test]
fn a_changed_secret_opens_and_the_one_before_does_not() {
    let mut vault = vault();
    vault.add_slot(Kind::Recovery, b"old").unwrap();
    let device = slot_id(&vault, 0);
    let changed = Kept {
        slot: slot_id(&vault, 1),
        kind: Some(Kind::Recovery),
        secret: b"new".to_vec().into(),
    };
    vault
        .rekey(fresh(), vec![kept(&device, b"secret"), changed])
        .unwrap();
    let header = vault.header().unwrap();
    assert!(header.slots()[1].unwrap(header.id(), b"new").is_ok());
    assert!(header.slots()[1].unwrap(header.id(), b"old").is_err());
}

#[test]
fn a_change_of_key_that_is_cut_off_anywhere_loses_nothing_and_is_finished_later() {
    for writes in 0..6 {
        let mut vault = vault();
        for rid in ["a", "b", "c"] {
            vault.put(&claims(rid), display()).unwrap();
        }
        let device = slot_id(&vault, 0);
        vault.store.left.set(Some(writes));
        let result = vault.rekey(fresh(), vec![kept(&device, b"secret")]);
        assert_eq!(result.is_ok(), writes >= 5, "{writes}");
        // At once, and again after the page was closed.
        for rid in ["a", "b", "c"] {
            assert_eq!(vault.claims(rid).expect("opens"), claims(rid), "{writes}");
        }
        vault.store.left.set(None);
        let vault = reopened(vault);
        assert!(vault.header().unwrap().previous().is_none());
        for rid in ["a", "b", "c"] {
            assert_eq!(vault.claims(rid).expect("opens"), claims(rid), "{writes}");
        }
        assert!(
            vault
                .entries()
                .unwrap()
                .iter()
                .all(|entry| entry.damaged.is_none())
        );
    }
}

#[test]
fn an_export_opens_elsewhere_with_its_passphrase_only() {
    let mut here = vault();
    here.put(
        &claims("a"),
        Display {
            label: Some("prod".into()),
            ..display()
        },
    )
    .unwrap();
    here.put(&claims("b"), display()).unwrap();
    let file = here.export("correct horse battery").expect("exported").file;
    assert!(!file.contains(CANARY) && !file.contains("prod"));

    assert_eq!(here.export("x"), Err(VaultError::ShortPassphrase));

    let mut there = vault();
    assert_eq!(there.import(&file, "wrong"), Err(VaultError::WrongSecret));
    there
        .put(
            &KeyClaims {
                iat: 5,
                ..claims("b")
            },
            display(),
        )
        .unwrap();
    let done = there
        .import(&file, "correct horse battery")
        .expect("imported");
    assert_eq!(
        (done.taken, done.known),
        (vec!["a".to_owned()], vec!["b".to_owned()])
    );
    assert_eq!(there.claims("a").unwrap(), claims("a"));
    assert_eq!(
        there.entries().unwrap()[0].display.label.as_deref(),
        Some("prod")
    );
    assert_eq!(
        there.claims("b").unwrap().iat,
        5,
        "the key sealed later stays"
    );

    let mut foreign = Vault::open(Flaky::default(), ISSUER, "user-2").unwrap();
    foreign
        .create(Header::new("i").unwrap(), VaultKey::generate().unwrap())
        .unwrap();
    let opened = OpenExport::of(&file, "correct horse battery", "user-2").expect("read");
    assert!(opened.is_empty());
    let done = foreign.take(&opened).expect("read");
    assert_eq!(done.refused, ["a", "b"]);
    assert!(foreign.entries().unwrap().is_empty());
}

#[test]
fn an_export_names_what_does_not_open_and_takes_the_others_along() {
    let mut here = vault();
    here.put(&claims("a"), display()).unwrap();
    here.put(&claims("b"), display()).unwrap();
    let of_b = here.store.get(&here.names.entry("b")).unwrap().unwrap();
    here.store.set(&here.names.entry("a"), &of_b).unwrap();
    let exported = here.export("correct horse battery").unwrap();
    assert_eq!(exported.left_out, ["a"]);
    let done = vault()
        .import(&exported.file, "correct horse battery")
        .unwrap();
    assert_eq!(done.taken, ["b"]);
}

#[test]
fn an_export_with_an_entry_changed_refuses_that_one_by_id_and_takes_the_others() {
    let mut here = vault();
    here.put(&claims("a"), display()).unwrap();
    here.put(&claims("b"), display()).unwrap();
    let file = here.export("correct horse battery").unwrap().file;
    let jwe = file.find("\"id\":\"a\",\"jwe\":\"").unwrap() + 20;
    for at in [jwe + 3, jwe + 100, jwe + 150, jwe + 250] {
        let mut bytes = file.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let mut there = vault();
        let done = there
            .import(&String::from_utf8(bytes).unwrap(), "correct horse battery")
            .unwrap();
        assert_eq!(
            (done.refused, done.taken),
            (vec!["a".to_owned()], vec!["b".to_owned()]),
            "{at}"
        );
    }
    for bad in [
        "",
        "{}",
        "[]",
        &file[..file.len() - 1],
        &file.replace("keyseal-export\"", "x\""),
    ] {
        assert_eq!(
            vault().import(bad, "correct horse battery"),
            Err(VaultError::NotAnExport)
        );
    }
    let weak = file.replace("65536", "32768");
    assert_eq!(
        vault().import(&weak, "correct horse battery"),
        Err(VaultError::WeakSlot)
    );
}
