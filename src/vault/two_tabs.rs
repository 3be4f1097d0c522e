//! Two tabs over one store: what one did, the other must not undo.

use std::rc::Rc;

use super::slot::{Kind, Slot};
use super::*;
use crate::envelope::Secret;

#[derive(Clone, Default)]
struct Shared(Rc<MemoryStore>);

impl Store for Shared {
    fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.0.get(name)
    }
    fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.0.set(name, value)
    }
    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.0.remove(name)
    }
    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.names(prefix)
    }
}

fn tab(store: &Shared) -> Vault<Shared> {
    let issuer = "https://keys.example.com";
    Vault::open(store.clone(), issuer, "user-1").expect("opens")
}

/// Two tabs of one vault, both unlocked by its paper.
fn two_tabs() -> (Vault<Shared>, Vault<Shared>) {
    let store = Shared::default();
    let (mut one, key) = (tab(&store), VaultKey::generate().expect("random"));
    let header = Header::new("identity").expect("random");
    let slot = Slot::wrap(header.id(), Kind::Recovery, b"paper", &key).expect("wrapped");
    one.create(header.with_slot(slot), key).expect("created");
    let mut two = tab(&store);
    unlock(&mut two, b"paper");
    (one, two)
}

fn unlock(vault: &mut Vault<Shared>, secret: &[u8]) {
    let header = vault.header().expect("a vault").clone();
    let mut keys = header.slots().iter();
    let key = keys.find_map(|slot| slot.unwrap(header.id(), secret).ok());
    vault.unlock(key.expect("opens")).expect("unlocked");
}

fn display() -> Display {
    Display {
        provider: "openai".into(),
        ..Display::default()
    }
}

fn claims(rid: &str) -> KeyClaims {
    KeyClaims {
        key: Secret::new("sk-one-of-two-tabs".into()),
        provider: "openai".into(),
        sub: "user-1".into(),
        rid: rid.into(),
        iat: 1,
        host: None,
    }
}

#[test]
fn slots_added_in_two_tabs_both_stay() {
    let (mut one, mut two) = two_tabs();
    one.add_slot(Kind::Recovery, b"first").expect("added");
    two.add_slot(Kind::Recovery, b"second").expect("added");
    one.reload().expect("read");
    for secret in [b"paper".as_slice(), b"first", b"second"] {
        one.lock();
        unlock(&mut one, secret);
    }
}

#[test]
fn a_tab_whose_vault_key_was_changed_elsewhere_is_locked_before_it_writes() {
    let (mut one, mut two) = two_tabs();
    let slot = one.header().expect("a vault").slots()[0].id().to_owned();
    let secret = b"paper".to_vec().into();
    let kept = Kept {
        slot,
        kind: None,
        secret,
    };
    one.rekey(Header::new("identity").expect("random"), vec![kept])
        .expect("changed");
    assert_eq!(
        two.add_slot(Kind::Recovery, b"late"),
        Err(VaultError::Locked)
    );
    two.reload().expect("read");
    assert!(!two.is_unlocked());
    unlock(&mut two, b"paper");
    two.put(&claims("a"), display()).expect("stored");
    assert!(one.claims("a").is_ok());
}

#[test]
fn starting_over_keeps_the_entries_to_be_entered_again() {
    let (mut one, _) = two_tabs();
    one.put(&claims("a"), display()).expect("stored");
    one.start_over().expect("given up");
    let entries = one.entries().expect("listed");
    assert_eq!(
        entries
            .iter()
            .map(|entry| entry.damaged)
            .collect::<Vec<_>>(),
        [Some(VaultError::KeyLost.code())]
    );
    assert!(one.header().is_none());
}

#[test]
fn notes_are_the_vaults_own_and_go_with_it() {
    let (mut one, two) = two_tabs();
    one.set_note("locked", Some("yes")).expect("noted");
    assert_eq!(two.note("locked"), Ok(Some("yes".into())));
    assert_eq!(two.notes(), Ok(vec!["locked".into()]));
    one.set_note("locked", None).expect("removed");
    assert_eq!(two.notes(), Ok(vec![]));
    one.set_note("locked", Some("again")).expect("noted");
    one.destroy().expect("gone");
    assert_eq!(two.note("locked"), Ok(None));
}

#[test]
fn namespaces_of_one_user_see_nothing_of_each_other() {
    let (mut one, _) = two_tabs();
    one.put(&claims("a"), display()).expect("stored");
    let before = one.records().expect("read");
    let within = |namespace| {
        let issuer = "https://keys.example.com";
        let mut vault = Vault::unread(one.store.clone(), issuer, "user-1").within(namespace);
        vault.reload().expect("read");
        vault
    };
    let mut framed = within("https://app.example.com");
    assert!(framed.header().is_none() && framed.records().expect("read").is_empty());
    framed.set_note("locked", Some("yes")).expect("noted");
    let other = within("https://other.example.com");
    assert_eq!(other.note("locked"), Ok(None));
    assert_eq!(one.records().expect("read"), before);
    framed.destroy().expect("gone");
    assert_eq!(one.records().expect("read"), before);
}
