//! Notes: who can open them, what opens as one, and that no change of the vault loses them.

use super::super::slot::Kind;
use super::super::tests::{Flaky, claims, display, fresh, kept, reopened, slot_id, vault};
use super::super::{Header, Store, TYP_NOTE, Vault, VaultError};
use super::{KEY_BYTES, MAX_KEYS, MAX_NAME_BYTES, MAX_NOTE_BYTES};
use crate::envelope::{Alg, CompactJwe, ContentKey, decode_base64url, encode_base64url};
use proptest::prelude::*;

const TEXT: &str = "what was said in confidence";

fn stored(vault: &Vault<Flaky>, name: &str) -> String {
    vault.store.get(name).expect("readable").expect("stored")
}

fn put(vault: &Vault<Flaky>, name: &str, value: &str) {
    vault.store.set(name, value).expect("set");
}

fn text(text: &str) -> zeroize::Zeroizing<String> {
    String::from(text).into()
}

#[test]
fn a_note_outlives_the_page_and_stands_nowhere_in_the_open() {
    let mut vault = vault();
    let sealed = vault.seal_note("chat.1", text(TEXT)).expect("sealed");
    let mut vault = reopened(vault);
    assert_eq!(*vault.open_note("chat.1", &sealed).expect("opens"), TEXT);
    let again = vault.seal_note("chat.1", text(TEXT)).expect("sealed");
    assert_ne!(again, sealed, "never the same ciphertext twice");

    let part =
        |at: usize| decode_base64url(sealed.split('.').nth(at).expect("five")).expect("ours");
    let header = String::from_utf8(part(0)).expect("JSON");
    assert!(header.contains(r#""rid":"chat.1""#) && header.contains(TYP_NOTE));
    let stored = format!("{sealed}{header}{:?}", vault.records().expect("readable"));
    for searched in [TEXT, &encode_base64url(TEXT.as_bytes())] {
        assert!(!stored.contains(searched));
        // The control: the same search finds it where it does stand.
        assert!(format!("{stored}{searched}").contains(searched));
    }
    assert_eq!(part(3).len(), TEXT.len(), "its length is not hidden");
}

#[test]
fn a_note_is_bound_to_its_name_and_its_vault() {
    let (mut one, mut other) = (vault(), vault());
    let sealed = one.seal_note("a", text(TEXT)).expect("sealed");
    other
        .seal_note("a", text("theirs"))
        .expect("a key of its own");
    for name in ["b", "A", "", "a "] {
        assert_eq!(one.open_note(name, &sealed), Err(VaultError::NoteDamaged));
    }
    assert_eq!(other.open_note("a", &sealed), Err(VaultError::NoteDamaged));
    // Nor where the other vault says that it has that key.
    let notes = one
        .header()
        .expect("made")
        .notes()
        .expect("made")
        .to_owned();
    let forged = other.header().expect("made").clone().with_notes(notes);
    other.replace_header(forged).expect("written");
    assert_eq!(other.open_note("a", &sealed), Err(VaultError::NoteDamaged));
    assert!(one.open_note("a", &sealed).is_ok());
}

#[test]
fn a_locked_vault_seals_and_opens_nothing() {
    let mut vault = vault();
    let sealed = vault.seal_note("a", text(TEXT)).expect("sealed");
    vault.lock();
    assert_eq!(vault.seal_note("a", text(TEXT)), Err(VaultError::Locked));
    assert_eq!(vault.open_note("a", &sealed), Err(VaultError::Locked));
    let mut none = vault;
    none.start_over().expect("given up");
    // There is nothing to unlock: the note is of a vault that is gone.
    assert_eq!(none.open_note("a", &sealed), Err(VaultError::NoteDamaged));
}

/// Every ciphertext that stands in a vault's records, with the names that it might be asked under.
fn ciphertexts(records: &[(String, String)]) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for (_, value) in records {
        for text in value
            .split('"')
            .filter(|text| text.matches('.').count() == 4)
        {
            let header = text.split('.').next().and_then(decode_base64url);
            let header = String::from_utf8(header.expect("a JWE")).expect("JSON");
            let names = header.split('"').map(str::to_owned).collect();
            found.push((names, text.to_owned()));
        }
    }
    found
}

#[test]
fn nothing_that_the_vault_stores_opens_as_a_note_and_no_note_as_anything_else() {
    let mut vault = vault();
    vault.put(&claims("a"), display()).expect("stored");
    vault.add_slot(Kind::Recovery, b"paper").expect("added");
    let sealed = vault.seal_note("a", text(TEXT)).expect("sealed");
    let export = vault.export("correct horse battery").expect("exported");
    // With the key before still in the header: a change of key that was cut off.
    let device = slot_id(&vault, 0);
    vault.store.left.set(Some(1));
    let secret = kept(&device, b"secret");
    assert!(vault.rekey(fresh(), vec![secret]).is_err());
    vault.store.left.set(None);

    let mut records = vault.records().expect("readable");
    records.push(("export".into(), export.file));
    let all = ciphertexts(&records);
    // One slot, the key before, the keys of notes, the entry; the export's slot and its entry.
    assert_eq!(all.len(), 6);
    for (names, jwe) in &all {
        for name in names {
            assert_eq!(vault.open_note(name, jwe), Err(VaultError::NoteDamaged));
        }
        // Nor with the header of a note in front of it.
        let (header, rest) = sealed.split_once('.').expect("five parts");
        assert!(!rest.is_empty());
        let (_, theirs) = jwe.split_once('.').expect("five parts");
        let dressed = format!("{header}.{theirs}");
        assert_eq!(vault.open_note("a", &dressed), Err(VaultError::NoteDamaged));
    }

    // Nor a note in the place of the entry's ciphertext as that.
    let entry = vault.names.entry("a");
    let record = stored(&vault, &entry);
    let (_, jwe) = all
        .iter()
        .find(|(_, jwe)| record.contains(jwe))
        .expect("the entry's");
    put(&vault, &entry, &record.replace(jwe, &sealed));
    assert!(vault.claims("a").is_err());
    put(&vault, &entry, &record);
    assert!(vault.claims("a").is_ok());

    // Nor in the place of the notes' own keys, which a script would then know: they are made anew.
    let known = vault
        .seal_note("known", text(&"k".repeat(KEY_BYTES)))
        .expect("sealed");
    let forged = vault.header().expect("made").clone().with_notes(known);
    vault.replace_header(forged).expect("written");
    assert!(vault.notes_keys().expect("unlocked").is_none());
    let new = vault.seal_note("a", text(TEXT)).expect("sealed");
    let jwe = CompactJwe::parse(&new, Alg::Dir, TYP_NOTE, true).expect("ours");
    assert!(jwe.open(&ContentKey::new(&[b'k'; KEY_BYTES])).is_none());
}

#[test]
fn a_note_with_any_byte_changed_is_refused() {
    let mut vault = vault();
    let sealed = vault.seal_note("a", text(TEXT)).expect("sealed");
    let mut refused = 0;
    for at in 0..sealed.len() {
        let byte = sealed.as_bytes()[at];
        let other = if byte == b'A' { b'B' } else { b'A' };
        for new in (0..8).map(|bit| byte ^ (1 << bit)).chain([other]) {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = new;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            assert_eq!(
                vault.open_note("a", &changed),
                Err(VaultError::NoteDamaged),
                "{at}"
            );
            refused += 1;
        }
        // Cut off there.
        assert_eq!(
            vault.open_note("a", &sealed[..at]),
            Err(VaultError::NoteDamaged),
            "{at}"
        );
    }
    assert!(refused > 1000, "{refused}");
    assert!(vault.open_note("a", &sealed).is_ok());
}

#[test]
fn notes_survive_a_new_vault_key_that_is_cut_off_anywhere() {
    for writes in 0..5 {
        let mut vault = vault();
        vault.put(&claims("e"), display()).expect("stored");
        let sealed = vault.seal_note("a", text(TEXT)).expect("sealed");
        let device = slot_id(&vault, 0);
        vault.store.left.set(Some(writes));
        let result = vault.rekey(fresh(), vec![kept(&device, b"secret")]);
        assert_eq!(result.is_ok(), writes >= 3, "{writes}");
        assert_eq!(
            *vault.open_note("a", &sealed).expect("at once"),
            TEXT,
            "{writes}"
        );
        vault.store.left.set(None);
        let mut vault = reopened(vault);
        assert_eq!(
            *vault.open_note("a", &sealed).expect("later"),
            TEXT,
            "{writes}"
        );
        let new = vault.seal_note("b", text(TEXT)).expect("sealed");
        assert_eq!(
            *vault.open_note("b", &new).expect("opens"),
            TEXT,
            "{writes}"
        );
    }
}

/// Removing a way in keeps what is sealed afterwards from whoever had it.
#[test]
fn who_could_open_the_vault_before_does_not_read_new_notes() {
    let mut vault = vault();
    vault.add_slot(Kind::Recovery, b"paper").expect("added");
    let old_note = vault.seal_note("a", text(TEXT)).expect("sealed");
    let before = vault.header().expect("made").clone();
    let old_key = before.slots()[1]
        .unwrap(before.id(), b"paper")
        .expect("opens");
    let device = slot_id(&vault, 0);
    vault
        .rekey(fresh(), vec![kept(&device, b"secret")])
        .expect("changed");
    let new_note = vault.seal_note("a", text(TEXT)).expect("sealed");
    assert!(vault.open_note("a", &new_note).is_ok());
    // With what is stored now, and then with all that was stored before.
    let now = vault.header().expect("made").clone();
    vault.key = Some(old_key);
    vault.header = Some(now);
    assert_eq!(
        vault.open_note("a", &new_note),
        Err(VaultError::NoteDamaged)
    );
    vault.header = Some(before);
    assert_eq!(
        *vault.open_note("a", &old_note).expect("theirs to read"),
        TEXT
    );
    assert_eq!(
        vault.open_note("a", &new_note),
        Err(VaultError::NoteDamaged)
    );
}

#[test]
fn a_damaged_notes_key_takes_no_entry_with_it_and_new_notes_get_another() {
    for bad in [
        r#""notes":7}"#,
        r#""notes":[7]}"#,
        r#""notes":"x"}"#,
        r#""notes":"a.b.c.d.e"}"#,
    ] {
        let mut vault = vault();
        vault.put(&claims("e"), display()).expect("stored");
        let sealed = vault.seal_note("a", text(TEXT)).expect("sealed");
        let name = vault.names.header();
        let good = stored(&vault, &name);
        let start = good.find("\"notes\":").expect("there");
        assert!(!good[start..].contains("slots"));
        put(&vault, &name, &format!("{}{bad}", &good[..start]));
        vault.reload().expect("read");
        assert_eq!(vault.claims("e").expect("opens"), claims("e"), "{bad}");
        assert_eq!(
            vault.open_note("a", &sealed),
            Err(VaultError::NoteDamaged),
            "{bad}"
        );
        let new = vault.seal_note("a", text(TEXT)).expect("sealed");
        let mut vault = reopened(vault);
        assert!(vault.open_note("a", &new).is_ok(), "{bad}");
        let device = slot_id(&vault, 0);
        vault
            .rekey(fresh(), vec![kept(&device, b"secret")])
            .expect("changed");
        assert!(vault.open_note("a", &new).is_ok(), "{bad}");
    }
}

#[test]
fn without_room_for_the_notes_key_no_note_is_made_and_nothing_changes() {
    let mut vault = vault();
    let before = vault.records().expect("readable");
    vault.store.left.set(Some(0));
    assert_eq!(
        vault
            .seal_note("a", text(TEXT))
            .map_err(|error| error.code()),
        Err("storage_full")
    );
    vault.store.left.set(None);
    assert_eq!(vault.records().expect("readable"), before);
    assert!(vault.seal_note("a", text(TEXT)).is_ok());
}

#[test]
fn a_note_has_a_name_and_text_of_a_size_that_can_be_opened_again() {
    let mut vault = vault();
    let long = "n".repeat(MAX_NAME_BYTES);
    for (name, given) in [("", "t"), ("n", ""), (&format!("{long}n"), "t")] {
        assert_eq!(
            vault.seal_note(name, text(given)),
            Err(VaultError::NoteLimits)
        );
    }
    let most = "t".repeat(MAX_NOTE_BYTES);
    assert_eq!(
        vault.seal_note("n", text(&format!("{most}t"))),
        Err(VaultError::NoteLimits)
    );
    // The longest of both, with a name that takes most room when it is written.
    let name = "\u{1}".repeat(MAX_NAME_BYTES);
    let sealed = vault.seal_note(&name, text(&most)).expect("sealed");
    assert_eq!(*vault.open_note(&name, &sealed).expect("opens"), most);
}

#[test]
fn the_first_notes_of_two_tabs_share_a_key() {
    let mut one = vault();
    let header: Header = one.header().expect("made").clone();
    let early = one.seal_note("a", text(TEXT)).expect("sealed");
    // A tab that read the vault's record before that.
    one.header = Some(header);
    assert_eq!(one.open_note("a", &early), Err(VaultError::NoteDamaged));
    let late = one.seal_note("b", text(TEXT)).expect("sealed");
    assert!(one.open_note("a", &early).is_ok() && one.open_note("b", &late).is_ok());
    let keys = one.notes_keys().expect("unlocked").expect("made");
    assert_eq!(keys.len(), KEY_BYTES);
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_as_it_was(
        name in "\\PC{1,40}", given in "(?s).{1,300}", other in "\\PC{0,40}"
    ) {
        let mut vault = vault();
        let sealed = vault.seal_note(&name, text(&given)).expect("sealed");
        prop_assert_eq!(&*vault.open_note(&name, &sealed).expect("opens"), &given);
        prop_assert!(other == name || vault.open_note(&other, &sealed).is_err());
        prop_assert!(vault.open_note(&name, &given).is_err());
    }
}

#[test]
fn notes_of_many_vault_keys_ago_open_still() {
    let mut vault = vault();
    let mut sealed = vec![vault.seal_note("n", text("0")).expect("sealed")];
    for turn in 1..MAX_KEYS + 2 {
        let device = slot_id(&vault, 0);
        let secret = vec![kept(&device, b"secret")];
        vault.rekey(fresh(), secret).expect("changed");
        let next = vault.seal_note("n", text(&turn.to_string()));
        sealed.push(next.expect("sealed"));
    }
    for (turn, sealed) in sealed.iter().enumerate() {
        let opened = vault.open_note("n", sealed).expect("opens");
        assert_eq!(*opened, turn.to_string());
    }
    let keys = vault.notes_keys().expect("unlocked").expect("made");
    assert_eq!(keys.len(), MAX_KEYS * KEY_BYTES);
}
