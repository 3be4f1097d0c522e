//! What holds for every record there could be: no panic, nothing half-done, and what was written is
//! read as it was.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::entry::Record;
use super::export::Export;
use super::header::Previous;
use super::slot::{DeviceSecret, Kind, Passkey, RecoveryCode, Slot, Stretching};
use super::*;
use crate::envelope::{Object, Secret};

const ISSUER: &str = "https://keys.example.com";

fn vault() -> Vault<MemoryStore> {
    let mut vault = Vault::open(MemoryStore::default(), ISSUER, "user-1").expect("opens");
    let header = Header::new("identity").expect("random");
    vault
        .create(header, VaultKey::generate().expect("random"))
        .expect("created");
    vault
}

fn claims(rid: &str) -> KeyClaims {
    KeyClaims {
        key: Secret::new("sk-property".into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: rid.into(),
        iat: 1,
        host: None,
    }
}

fn shown() -> impl Strategy<Value = Display> {
    let text = || "\\PC{0,24}";
    (
        (text(), of(text()), any::<bool>(), any::<i32>(), text()),
        (of(text()), text(), of(text()), of(text()), of(text())),
    )
        .prop_map(|(first, second)| Display {
            provider: "openai".into(),
            key_hint: first.0,
            label: first.1,
            is_active: first.2,
            priority: first.3,
            status: first.4,
            status_detail: second.0,
            created_at: second.1,
            last_tested_at: second.2,
            last_used_at: second.3,
            expires_at: second.4,
            host: None,
        })
}

fn kind() -> impl Strategy<Value = Kind> {
    let stretching =
        (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(memory, passes, lanes)| {
            let salt = crate::envelope::encode_base64url(&[5; 32]);
            let json = format!(
                r#"{{"salt":"{salt}","memoryKib":{memory},"passes":{passes},"lanes":{lanes}}}"#
            );
            let mut object = Object::parse(json.as_bytes()).expect("JSON");
            Kind::Passphrase(Stretching::from_object(&mut object).expect("of the form"))
        });
    prop_oneof![
        (any::<[u8; 12]>(), vec(any::<u8>(), 0..80))
            .prop_map(|(iv, ciphertext)| Kind::Device(DeviceSecret { iv, ciphertext })),
        stretching,
        (vec(any::<u8>(), 0..80), any::<[u8; 32]>()).prop_map(|(credential, prf_salt)| {
            Kind::Passkey(Passkey {
                credential,
                prf_salt,
            })
        }),
        Just(Kind::Recovery),
    ]
}

/// A record of each sort, as it is stored.
fn good() -> Vec<String> {
    let mut vault = vault();
    vault
        .put(
            &claims("a"),
            Display {
                provider: "openai".into(),
                ..Display::default()
            },
        )
        .expect("stored");
    let device = Kind::Device(DeviceSecret {
        iv: [1; 12],
        ciphertext: vec![2; 48],
    });
    for kind in [device, Kind::Recovery] {
        vault.add_slot(kind, b"secret").expect("added");
    }
    vault
        .records()
        .expect("readable")
        .into_iter()
        .map(|(_, record)| record)
        .collect()
}

proptest! {
    #[test]
    fn any_text_in_place_of_a_record_is_damage_and_no_panic(text in "\\PC{0,200}") {
        let mut vault = vault();
        for name in [vault.names.entry("a"), vault.names.synced("a")] {
            vault.store.set(&name, &text).expect("set");
        }
        prop_assert!(vault.claims("a").is_err());
        prop_assert!(vault.entries().expect("listed").iter().all(|entry| entry.damaged.is_some()));
        let _ = vault.synced();
        vault.store.set(&vault.names.header(), &text).expect("set");
        prop_assert_eq!(vault.reload(), Err(VaultError::Damaged));
    }

    #[test]
    fn no_record_makes_a_vault_panic_or_hides_another(
        which in any::<Index>(), from in any::<Index>(), piece in any::<Index>(), length in 0_usize..60,
        name in select(&["entry.a", "synced.a", "vault", "note.a", "entry.", "else"][..]),
    ) {
        let records = good();
        let (text, other) = (which.get(&records), which.get(&records));
        let start = from.index(text.len());
        let piece = piece.index(other.len());
        let mut changed = text.clone();
        let end = (start + length).min(text.len());
        changed.replace_range(start..end, &other[piece..(piece + length).min(other.len())]);

        let mut vault = vault();
        let display = Display { provider: "openai".into(), ..Display::default() };
        vault.put(&claims("b"), display).expect("stored");
        let at = vault.names.header().replace("vault", name);
        vault.store.set(&at, &changed).expect("set");
        let _ = (vault.claims("a"), vault.synced(), vault.records());
        prop_assert_eq!(vault.claims("b"), Ok(claims("b")));
        let listed = vault.entries().expect("listed");
        prop_assert!(listed.iter().any(|entry| entry.id == "b" && entry.damaged.is_none()));
        // Another page, which reads what is there now.
        let _ = vault.reload();
        let _ = (Export::parse(&changed), RecoveryCode::parse(&changed));
        if let Some(header) = Header::parse(&changed) {
            prop_assert_eq!(Header::parse(&header.to_json()), Some(header));
        }
        if let Some(record) = Record::parse(&changed) {
            let again = Record::parse(&record.to_json()).expect("our own");
            prop_assert_eq!(again.to_json(), record.to_json());
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written(
        kinds in vec(kind(), 0..5), identity in "\\PC{0,43}", previous in of("\\PC{0,40}"),
        notes in of("\\PC{0,40}"),
    ) {
        let key = VaultKey::generate().expect("random");
        let mut header = Header::new(&identity).expect("random");
        for kind in kinds {
            let slot = Slot::wrap(header.id(), kind, b"secret", &key).expect("wrapped");
            header = header.with_slot(slot);
        }
        let previous = previous.map(|wrapped| Previous { id: "before".into(), wrapped });
        let header = header.with_previous(previous);
        let header = match notes {
            Some(notes) => header.with_notes(notes),
            None => header,
        };
        let read = Header::parse(&header.to_json());
        prop_assert_eq!(read.as_ref(), Some(&header));
        for slot in header.slots() {
            prop_assert!(slot.unwrap(header.id(), b"secret").is_ok());
            prop_assert!(slot.unwrap(header.id(), b"Secret").is_err());
        }
    }

    #[test]
    fn what_is_shown_is_read_as_it_was_written_and_a_patch_changes_only_what_it_names(
        before in shown(), after in shown(), which in any::<u8>(),
    ) {
        let mut vault = vault();
        let entry = vault.put(&claims("a"), before.clone()).expect("stored");
        prop_assert_eq!(&entry.display, &before);
        prop_assert_eq!(vault.entries().expect("listed"), vec![entry]);
        let on = |bit: u8| which >> bit & 1 == 1;
        let patch = Patch {
            label: on(0).then(|| after.label.clone()),
            is_active: on(1).then_some(after.is_active),
            priority: on(2).then_some(after.priority),
            status: on(3).then(|| after.status.clone()),
            status_detail: on(4).then(|| after.status_detail.clone()),
            last_tested_at: on(5).then(|| after.last_tested_at.clone()),
            last_used_at: on(6).then(|| after.last_used_at.clone()),
            expires_at: on(7).then(|| after.expires_at.clone()),
        };
        let pick = |bit, new: &Option<String>, old: &Option<String>| {
            if on(bit) { new.clone() } else { old.clone() }
        };
        let expected = Display {
            label: pick(0, &after.label, &before.label),
            is_active: if on(1) { after.is_active } else { before.is_active },
            priority: if on(2) { after.priority } else { before.priority },
            status: if on(3) { after.status.clone() } else { before.status.clone() },
            status_detail: pick(4, &after.status_detail, &before.status_detail),
            last_tested_at: pick(5, &after.last_tested_at, &before.last_tested_at),
            last_used_at: pick(6, &after.last_used_at, &before.last_used_at),
            expires_at: pick(7, &after.expires_at, &before.expires_at),
            ..before
        };
        prop_assert_eq!(vault.update("a", patch).expect("updated").display, expected);
        prop_assert_eq!(vault.claims("a"), Ok(claims("a")));
    }

    #[test]
    fn any_text_is_taken_for_a_recovery_code_or_not(text in "\\PC{0,60}") {
        if let Some(code) = RecoveryCode::parse(&text) {
            let again = RecoveryCode::parse(code.text().expose()).expect("our own");
            prop_assert_eq!(again.secret(), code.secret());
        }
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_written(gaps in vec(0_usize..3, 39), upper in any::<u64>()) {
        let code = RecoveryCode::generate().expect("random");
        let typed: String = code.text().expose().char_indices().map(|(at, c)| {
            let c = if upper >> (at % 64) & 1 == 1 { c } else { c.to_ascii_lowercase() };
            format!("{}{}", " ".repeat(gaps[at]), c)
        }).collect();
        let read = RecoveryCode::parse(&typed).expect("read");
        prop_assert_eq!(read.secret(), code.secret());
    }
}
