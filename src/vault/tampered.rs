//! Every byte of what is stored or exported, changed: it is refused, the entry is named, and the
//! others can still be used.

use super::export::Export;
use super::slot::{DeviceSecret, Kind, Slot, Stretching};
use super::*;
use crate::envelope::Secret;

const ISSUER: &str = "https://keys.example.com";
const DEVICE: &[u8] = b"what only this device has";
const PAPER: &[u8] = b"what stands on paper";
const PASSPHRASE: &str = "correct horse battery";

fn claims(rid: &str) -> KeyClaims {
    KeyClaims {
        key: Secret::new(format!("sk-tampered-with-{rid}")),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: rid.into(),
        iat: 1,
        host: Some("mine.example.com".into()),
    }
}

fn display() -> Display {
    Display {
        provider: "openai".into(),
        host: Some("mine.example.com".into()),
        label: Some("prod".into()),
        ..Display::default()
    }
}

fn device() -> Kind {
    Kind::Device(DeviceSecret {
        iv: [1; 12],
        ciphertext: vec![2; 48],
    })
}

/// A vault with two slots and two entries.
fn vault() -> Vault<MemoryStore> {
    let mut vault = Vault::open(MemoryStore::default(), ISSUER, "user-1").expect("opens");
    let header = Header::new("identity").expect("random");
    let key = VaultKey::generate().expect("random");
    let slot = Slot::wrap(header.id(), device(), DEVICE, &key).expect("wrapped");
    vault.create(header.with_slot(slot), key).expect("created");
    vault.add_slot(Kind::Recovery, PAPER).expect("added");
    for rid in ["a", "b"] {
        vault.put(&claims(rid), display()).expect("stored");
    }
    vault
}

/// `text` with one byte changed, in every place: each bit, and another letter of its own alphabet.
/// What is not text any more cannot stand in a store.
fn changed(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    (0..text.len()).flat_map(move |at| {
        let byte = text.as_bytes()[at];
        let other = if byte == b'A' { b'B' } else { b'A' };
        (0..8)
            .map(move |bit| byte ^ (1 << bit))
            .chain([other])
            .filter_map(move |new| {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = new;
                let what = format!(
                    "byte {at}: {} to {}",
                    byte.escape_ascii(),
                    new.escape_ascii()
                );
                String::from_utf8(bytes).ok().map(|changed| (what, changed))
            })
    })
}

/// The part of an entry's record that is only shown, and that its owner may change without the key.
fn shown_only(record: &str) -> Vec<std::ops::Range<usize>> {
    [
        "keyHint",
        "label",
        "isActive",
        "priority",
        "status",
        "createdAt",
    ]
    .iter()
    .filter_map(|member| {
        let start = record.find(&format!("\"{member}\":"))?;
        let rest = &record[start..];
        // To the comma or brace behind it: no value here holds one.
        Some(start..start + rest.find([',', '}'])?)
    })
    .collect()
}

#[test]
fn an_entry_with_any_byte_changed_is_refused_by_its_id_and_the_other_opens() {
    let vault = vault();
    let name = vault.names.entry("a");
    let good = vault.store.get(&name).expect("readable").expect("stored");
    let free = shown_only(&good);
    assert_eq!(free.len(), 6);
    let mut refused = 0;
    for (what, bad) in changed(&good) {
        vault.store.set(&name, &bad).expect("set");
        let at = (0..good.len()).find(|at| good.as_bytes()[*at] != bad.as_bytes()[*at]);
        let shown = free
            .iter()
            .any(|range| range.contains(&at.expect("changed")));
        match vault.claims("a") {
            Ok(opened) => assert!(shown && opened == claims("a"), "{what}"),
            Err(VaultError::EntryDamaged(rid)) => assert_eq!(rid, "a", "{what}"),
            // It says that it is of another vault.
            Err(VaultError::KeyLost) => {}
            Err(other) => panic!("{what}: {other:?}"),
        }
        refused += usize::from(vault.claims("a").is_err());
        assert_eq!(vault.claims("b").expect("untouched"), claims("b"), "{what}");
        let entries = vault.entries().expect("listed");
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"], "{what}");
        assert_eq!(entries[1].damaged, None, "{what}");
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn a_change_of_what_is_only_shown_does_not_make_a_key_anothers() {
    let mut vault = vault();
    let name = vault.names.entry("a");
    let good = vault.store.get(&name).expect("readable").expect("stored");
    for (from, to) in [
        ("\"provider\":\"openai\"", "\"provider\":\"groq\""),
        (
            "\"host\":\"mine.example.com\"",
            "\"host\":\"evil.example.com\"",
        ),
        (",\"host\":\"mine.example.com\"", ""),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        vault.store.set(&name, &bad).expect("set");
        assert_eq!(vault.claims("a"), Err(VaultError::EntryDamaged("a".into())));
    }
    // Entering the key again mends it.
    vault.put(&claims("a"), display()).expect("stored");
    assert!(vault.claims("a").is_ok());
}

/// Whether `secret` opens a slot of the vault as it is stored now, and both entries with it.
fn usable(vault: &mut Vault<MemoryStore>, secret: &[u8]) -> bool {
    let Some(header) = vault.header().cloned() else {
        return false;
    };
    let mut slots = header.slots().iter();
    let Some(key) = slots.find_map(|slot| slot.unwrap(header.id(), secret).ok()) else {
        return false;
    };
    vault.unlock(key).is_ok()
        && ["a", "b"]
            .iter()
            .all(|rid| vault.claims(rid) == Ok(claims(rid)))
}

#[test]
fn a_slot_with_any_byte_changed_opens_nothing_and_the_other_slot_still_does() {
    let mut vault = vault();
    let name = vault.names.header();
    let good = vault.store.get(&name).expect("readable").expect("stored");
    let slots = good.find("\"slots\":[").expect("slots") + 9;
    let second = slots + good[slots..].find("},{").expect("two") + 2;
    let mut counts = [0; 3];
    for (what, bad) in changed(&good) {
        let at = (0..good.len()).find(|at| good.as_bytes()[*at] != bad.as_bytes()[*at]);
        let at = at.expect("changed");
        vault.store.set(&name, &bad).expect("set");
        vault.lock();
        match vault.reload() {
            // It is no record any more: nothing is opened, and nothing is written over it.
            Err(VaultError::Damaged) => {
                assert_eq!(
                    vault.store.get(&name).expect("readable").as_deref(),
                    Some(&*bad)
                );
                counts[0] += 1;
                continue;
            }
            other => assert_eq!(other, Ok(()), "{what}"),
        }
        let (device, paper) = (usable(&mut vault, DEVICE), usable(&mut vault, PAPER));
        vault.lock();
        let with = good.find("\"with\":{").expect("with");
        let end = with + good[with..].find('}').expect("its end");
        if (with..end).contains(&at) {
            // The device's part is authenticated by the device's own key; or it cannot be read.
            assert!(paper, "{what}");
        } else if at >= second {
            assert!(device && !paper, "{what}");
        } else if at >= slots {
            assert!(!device && paper, "{what}");
        } else if good[..at].ends_with("\"identity\":\"") || device {
            // Whom the vault belongs to is compared with the pin.
            assert!(device && paper, "{what}");
            assert_ne!(
                vault.header().expect("read").identity(),
                "identity",
                "{what}"
            );
        } else {
            // Its own id: no slot is of this vault, and the entries say that their key is gone.
            assert!(!paper, "{what}");
            let entries = vault.entries().expect("listed");
            assert!(
                entries
                    .iter()
                    .all(|it| it.damaged == Some("vault_key_lost")),
                "{what}"
            );
        }
        counts[if device || paper { 1 } else { 2 }] += 1;
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
    vault.store.set(&name, &good).expect("set");
    vault.reload().expect("as it was");
    assert!(usable(&mut vault, DEVICE) && usable(&mut vault, PAPER));
}

#[test]
fn a_slot_that_cannot_be_read_hides_no_other_and_none_left_is_damage() {
    let mut vault = vault();
    let name = vault.names.header();
    let good = vault.store.get(&name).expect("readable").expect("stored");
    for bad in ["\"kind\":\"later\"", "\"kind\":7"] {
        let bad = good.replace("\"kind\":\"device\"", bad);
        vault.store.set(&name, &bad).expect("set");
        vault.lock();
        vault.reload().expect("the other is there");
        assert!(!usable(&mut vault, DEVICE) && usable(&mut vault, PAPER));
        let none = bad.replace("\"kind\":\"recovery\"", "\"kind\":\"\"");
        vault.store.set(&name, &none).expect("set");
        assert_eq!(vault.reload(), Err(VaultError::Damaged));
    }
}

#[test]
fn a_vault_has_as_many_slots_as_can_be_tried_and_no_more() {
    let mut vault = vault();
    while vault.header().expect("made").slots().len() < 16 {
        vault.add_slot(Kind::Recovery, PAPER).expect("room");
    }
    let before = vault.records().expect("readable");
    assert_eq!(
        vault.add_slot(Kind::Recovery, PAPER),
        Err(VaultError::TooManySlots)
    );
    assert_eq!(vault.records().expect("readable"), before);
    // A record that somebody filled is read as far as it may go.
    let name = vault.names.header();
    let slot = r#"{"id":"x","kind":"recovery","with":{},"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","commitment":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","wrapped":"x"}"#;
    let header = vault.store.get(&name).expect("readable").expect("stored");
    let full = header.replace(
        "\"slots\":[",
        &format!("\"slots\":[{}", format!("{slot},").repeat(500)),
    );
    vault.store.set(&name, &full).expect("set");
    vault.reload().expect("read");
    assert_eq!(vault.header().expect("read").slots().len(), 16);
}

/// Refused before any work: a passphrase that takes hours to try, or next to nothing to guess.
#[test]
fn a_stored_strength_that_is_weak_or_absurd_is_refused_and_the_other_slot_opens() {
    let mut vault = vault();
    let stretching = Stretching::new().expect("random");
    let secret = stretching.secret(PASSPHRASE).expect("memory");
    vault
        .add_slot(Kind::Passphrase(stretching), &*secret)
        .expect("added");
    let name = vault.names.header();
    let good = vault.store.get(&name).expect("readable").expect("stored");
    for (from, to) in [
        ("\"memoryKib\":65536", "\"memoryKib\":65535"),
        ("\"memoryKib\":65536", "\"memoryKib\":8"),
        ("\"memoryKib\":65536", "\"memoryKib\":1048577"),
        ("\"memoryKib\":65536", "\"memoryKib\":4294967295"),
        ("\"passes\":3", "\"passes\":1"),
        ("\"passes\":3", "\"passes\":11"),
        ("\"passes\":3", "\"passes\":4294967295"),
        ("\"lanes\":1", "\"lanes\":0"),
        ("\"lanes\":1", "\"lanes\":5"),
        ("\"lanes\":1", "\"lanes\":16777215"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{to}");
        vault.store.set(&name, &bad).expect("set");
        vault.lock();
        vault.reload().expect("read");
        let header = vault.header().expect("read").clone();
        let Kind::Passphrase(weakened) = header.slots()[2].kind() else {
            panic!("the passphrase is the third");
        };
        assert_eq!(
            weakened.secret(PASSPHRASE),
            Err(VaultError::WeakSlot),
            "{to}"
        );
        // Nor does the true secret open it: the strength is part of the derivation.
        assert!(
            header.slots()[2].unwrap(header.id(), &*secret).is_err(),
            "{to}"
        );
        assert!(usable(&mut vault, PAPER), "{to}");
    }
    // Numbers that are none: the slot cannot be read, the others can.
    for to in [
        "\"passes\":-1",
        "\"passes\":3.5",
        "\"passes\":4294967296",
        "\"passes\":\"3\"",
    ] {
        vault
            .store
            .set(&name, &good.replace("\"passes\":3", to))
            .expect("set");
        vault.lock();
        vault.reload().expect("read");
        assert_eq!(vault.header().expect("read").slots().len(), 2, "{to}");
        assert!(usable(&mut vault, PAPER), "{to}");
    }
}

#[test]
fn an_export_with_any_byte_changed_is_refused_or_refuses_just_that_entry() {
    let here = vault();
    let file = here.export(PASSPHRASE).expect("exported").file;
    let original = Export::parse(&file).expect("our own");
    let Kind::Passphrase(stretching) = original.slot.kind() else {
        panic!("an export has a passphrase");
    };
    // The one slow step, done once: it depends on the slot's parameters alone.
    let secret = stretching.secret(PASSPHRASE).expect("memory");
    let entries = file.find("\"entries\":").expect("entries");
    let (mut whole, mut one) = (0, 0);
    for (what, bad) in changed(&file) {
        let mut there = vault();
        for rid in ["a", "b"] {
            there.remove(rid).expect("removed");
        }
        let before = there.records().expect("readable");
        let Some(export) = Export::parse(&bad) else {
            assert_eq!(
                there.import(&bad, PASSPHRASE),
                Err(VaultError::NotAnExport),
                "{what}"
            );
            assert_eq!(there.records().expect("readable"), before, "{what}");
            whole += 1;
            continue;
        };
        let at = (0..file.len()).find(|at| file.as_bytes()[*at] != bad.as_bytes()[*at]);
        let opened = export.open(&*secret, &there.sub);
        match opened.and_then(|opened| there.take(&opened)) {
            Err(error) => {
                assert_eq!(error, VaultError::WrongSecret, "{what}");
                assert!(at.expect("changed") < entries, "{what}");
                assert_eq!(there.records().expect("readable"), before, "{what}");
                whole += 1;
            }
            Ok(done) => {
                assert!(at.expect("changed") > entries, "{what}");
                assert_eq!((done.taken.len(), done.refused.len()), (1, 1), "{what}");
                let taken = &done.taken[0];
                assert_eq!(there.claims(taken).expect("taken"), claims(taken), "{what}");
                assert_eq!(there.entries().expect("listed").len(), 1, "{what}");
                one += 1;
            }
        }
    }
    assert!(whole > 1000 && one > 1000, "{whole} and {one}");
}
