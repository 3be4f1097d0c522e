//! The signed key set and the pin, end to end with real signatures.

use std::sync::LazyLock;

use crate::companion_key::CompanionKey;
use keyseal::envelope::keyset::{
    Keyset, KeysetError, Pin, Published, TYP_IDENTITY, TYP_KEYSET, verify,
};
use serde_json::json;

static IDENTITY: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);
static OTHER: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);
static CURRENT: LazyLock<CompanionKey> = LazyLock::new(CompanionKey::generate);

const ISSUER: &str = "https://keys.example.com";
const NOW: i64 = 1_790_000_000;

fn keyset() -> Keyset {
    Keyset {
        issuer: ISSUER.into(),
        seq: 3,
        iat: NOW - 10,
        exp: NOW + 3600,
        keys: vec![CURRENT.jwk()],
    }
}

fn check(
    published: &Published,
    pin: Option<&Pin>,
    trusted: Option<&str>,
) -> Result<(Keyset, Pin), KeysetError> {
    verify(published, ISSUER, pin, trusted, NOW)
}

fn pinned() -> Pin {
    check(&IDENTITY.publish(&keyset()), None, None)
        .expect("first use")
        .1
}

#[test]
fn the_first_use_pins_and_the_same_set_is_accepted_again() {
    let (read, pin) = check(&IDENTITY.publish(&keyset()), None, None).expect("accepted");
    assert_eq!(read, keyset());
    assert_eq!(read.current().unwrap().kid(), CURRENT.public().kid());
    assert_eq!(Pin::parse(&pin.to_json()), Some(pin.clone()));
    let (_, again) = check(&IDENTITY.publish(&keyset()), Some(&pin), None).expect("accepted");
    assert_eq!(again, pin);
    let next = Keyset {
        seq: 4,
        keys: vec![OTHER.jwk(), CURRENT.jwk()],
        ..keyset()
    };
    let (_, raised) = check(&IDENTITY.publish(&next), Some(&pin), None).expect("a signed rotation");
    assert_eq!((raised.seq, raised.first_seen), (4, pin.first_seen));
}

#[test]
fn another_identity_is_refused_and_both_thumbprints_are_named() {
    let foreign = OTHER.publish(&keyset());
    let (ours, theirs) = (
        IDENTITY.identity().kid.unwrap(),
        OTHER.identity().kid.unwrap(),
    );
    let refused = KeysetError::Identity {
        expected: ours.clone(),
        found: theirs.clone(),
    };
    assert_eq!(check(&foreign, Some(&pinned()), None), Err(refused.clone()));
    assert_eq!(check(&foreign, None, Some(&ours)), Err(refused.clone()));
    assert!(refused.to_string().contains(&ours) && refused.to_string().contains(&theirs));
    // The app may say otherwise: that replaces the pin.
    assert_eq!(
        check(&foreign, Some(&pinned()), Some(&theirs))
            .expect("trusted")
            .1
            .thumbprint(),
        theirs
    );
}

#[test]
fn unsigned_expired_foreign_older_and_forked_sets_are_refused() {
    let good = IDENTITY.publish(&keyset());
    let with = |keyset: String| Published {
        keyset,
        ..good.clone()
    };
    let signed = |payload: &Keyset| IDENTITY.publish(payload);
    let pin = pinned();

    let unsigned = good.keyset.rsplit_once('.').unwrap().0.to_owned();
    assert_eq!(
        check(&with(unsigned.clone()), None, None),
        Err(KeysetError::Unsigned)
    );
    assert_eq!(
        check(&with(format!("{unsigned}.")), None, None),
        Err(KeysetError::Unsigned)
    );
    let forged = OTHER.sign(TYP_KEYSET, &keyset().to_json());
    assert_eq!(check(&with(forged), None, None), Err(KeysetError::Unsigned));
    let other_typ = IDENTITY.sign("JWT", &keyset().to_json());
    assert_eq!(
        check(&with(other_typ), None, None),
        Err(KeysetError::Unsigned)
    );

    let late = Keyset {
        exp: NOW,
        ..keyset()
    };
    assert_eq!(check(&signed(&late), None, None), Err(KeysetError::Expired));
    let long = Keyset {
        exp: NOW + 91 * 86_400,
        ..keyset()
    };
    assert_eq!(check(&signed(&long), None, None), Err(KeysetError::Expired));
    let foreign = Keyset {
        issuer: "https://evil.example".into(),
        ..keyset()
    };
    assert!(matches!(
        check(&signed(&foreign), None, None),
        Err(KeysetError::Issuer { .. })
    ));
    let older = Keyset { seq: 2, ..keyset() };
    assert_eq!(
        check(&signed(&older), Some(&pin), None),
        Err(KeysetError::Downgrade { seen: 3, found: 2 })
    );
    let forked = Keyset {
        keys: vec![OTHER.jwk()],
        ..keyset()
    };
    assert_eq!(
        check(&signed(&forked), Some(&pin), None),
        Err(KeysetError::Forked(3))
    );
    let empty = Keyset {
        keys: vec![],
        ..keyset()
    };
    assert!(matches!(
        check(&signed(&empty), None, None),
        Err(KeysetError::Malformed(_))
    ));
}

#[test]
fn a_new_identity_is_accepted_only_with_the_signature_of_the_pinned_one() {
    let change = |signer: &CompanionKey, from: &CompanionKey, to: &CompanionKey, issuer: &str| {
        let payload = json!({
            "v": 1, "issuer": issuer, "from": from.public().kid(), "to": to.public().kid(), "iat": NOW
        });
        Published {
            identity_change: Some(signer.sign(TYP_IDENTITY, payload.to_string().as_bytes())),
            ..OTHER.publish(&Keyset { seq: 4, ..keyset() })
        }
    };
    let pin = pinned();
    let good = change(&IDENTITY, &IDENTITY, &OTHER, ISSUER);
    let (_, moved) = check(&good, Some(&pin), None).expect("handed over");
    assert_eq!(moved.thumbprint(), OTHER.public().kid());
    for bad in [
        change(&OTHER, &IDENTITY, &OTHER, ISSUER),
        change(&IDENTITY, &IDENTITY, &CURRENT, ISSUER),
        change(&IDENTITY, &OTHER, &OTHER, ISSUER),
        change(&IDENTITY, &IDENTITY, &OTHER, "https://evil.example"),
    ] {
        assert!(matches!(
            check(&bad, Some(&pin), None),
            Err(KeysetError::Identity { .. })
        ));
    }
}

#[test]
fn a_set_is_valid_for_ninety_days_at_most_and_times_at_the_ends_are_refused() {
    let lasting = |iat: i64, exp: i64| {
        let set = Keyset {
            iat,
            exp,
            ..keyset()
        };
        check(&IDENTITY.publish(&set), None, None).map(drop)
    };
    let days = 90 * 86_400;
    assert_eq!(lasting(NOW, NOW + days), Ok(()));
    for (iat, exp) in [
        (NOW, NOW + days + 1),
        (NOW + 10, NOW + 10),
        (NOW + 20, NOW + 10),
        (i64::MIN, i64::MAX),
        (i64::MIN, NOW + 10),
        (-1, i64::MAX),
        (i64::MAX, i64::MIN),
        (NOW - 20, NOW),
    ] {
        assert_eq!(lasting(iat, exp), Err(KeysetError::Expired), "{iat} {exp}");
    }
}

#[test]
fn a_handover_raises_the_number_too_and_its_own_form_is_exact() {
    let pin = pinned();
    let change = |typ: &str, payload: serde_json::Value, seq: i64| Published {
        identity_change: Some(IDENTITY.sign(typ, payload.to_string().as_bytes())),
        ..OTHER.publish(&Keyset { seq, ..keyset() })
    };
    let good = json!({
        "v": 1, "issuer": ISSUER, "from": IDENTITY.public().kid(), "to": OTHER.public().kid(), "iat": NOW
    });
    assert!(check(&change(TYP_IDENTITY, good.clone(), 4), Some(&pin), None).is_ok());
    // An old set of the new identity is as old as one of the old identity.
    assert_eq!(
        check(&change(TYP_IDENTITY, good.clone(), 2), Some(&pin), None).map(drop),
        Err(KeysetError::Downgrade { seen: 3, found: 2 })
    );
    let with = |name: &str, value: serde_json::Value| {
        let mut payload = good.clone();
        payload[name] = value;
        payload
    };
    for bad in [
        change(TYP_KEYSET, good.clone(), 4),
        change(TYP_IDENTITY, with("v", json!(2)), 4),
        change(TYP_IDENTITY, with("more", json!(1)), 4),
        change(TYP_IDENTITY, with("iat", json!("now")), 4),
        change(TYP_IDENTITY, with("to", json!(null)), 4),
    ] {
        let refused = check(&bad, Some(&pin), None);
        assert!(matches!(refused, Err(KeysetError::Identity { .. })));
    }
    // Whom the app trusts is not the one who was handed over to.
    let ours = IDENTITY.identity().kid.expect("named");
    let refused = check(&change(TYP_IDENTITY, good, 4), Some(&pin), Some(&ours));
    assert!(matches!(refused, Err(KeysetError::Identity { .. })));
}

#[test]
fn naming_whom_to_trust_does_not_take_back_what_was_seen() {
    let ours = IDENTITY.identity().kid.expect("named");
    let older = IDENTITY.publish(&Keyset { seq: 2, ..keyset() });
    assert_eq!(
        check(&older, Some(&pinned()), Some(&ours)).map(drop),
        Err(KeysetError::Downgrade { seen: 3, found: 2 })
    );
}

#[test]
fn a_set_with_any_byte_changed_is_refused() {
    let good = IDENTITY.publish(&keyset());
    for at in 0..good.keyset.len() {
        let mut bytes = good.keyset.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let keyset = String::from_utf8(bytes).expect("ASCII");
        let changed = Published {
            keyset,
            ..good.clone()
        };
        assert_eq!(
            check(&changed, None, None).map(drop),
            Err(KeysetError::Unsigned),
            "byte {at}"
        );
    }
}

#[test]
fn a_pin_with_any_byte_changed_is_damaged_or_trusts_nobody_else() {
    let (good, theirs) = (pinned(), OTHER.publish(&keyset()));
    let json = good.to_json();
    for at in 0..json.len() {
        let mut bytes = json.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        if let Some(pin) = Pin::parse(&changed) {
            assert!(check(&theirs, Some(&pin), None).is_err(), "byte {at}");
        }
    }
}
