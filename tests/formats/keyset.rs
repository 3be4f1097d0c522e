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
