// What the library's documentation examples take for granted: a companion, a person's key, a vault.

mod companion_key {
    include!("../formats/companion_key.rs");
}

pub use companion_key::CompanionKey;
pub use keyseal::envelope::keyset::{Keyset, Published, TYP_KEYSET};
pub use keyseal::envelope::{Jwk, KeyClaims, Secret};
pub use keyseal::vault::slot::{DeviceSecret, Kind, Slot};
pub use keyseal::vault::{Display, Header, MemoryStore, Vault, VaultKey};

pub const ISSUER: &str = "https://keys.example.com";
pub const NOW: i64 = 1_790_000_000;
pub const SECRET: &[u8] = b"32 bytes that only the device has";

pub fn companion() -> CompanionKey {
    CompanionKey::generate()
}

/// The companion's key set, signed and served.
pub fn published(companion: &CompanionKey) -> Published {
    companion.publish(&Keyset {
        issuer: ISSUER.into(),
        seq: 1,
        iat: NOW,
        exp: NOW + 30 * 86_400,
        keys: vec![companion.jwk()],
    })
}

pub fn claims() -> KeyClaims {
    KeyClaims {
        key: Secret::new("sk-proj-1234567890abcdef".into()),
        provider: "openai".into(),
        sub: "ada".into(),
        rid: "0199aa00-0000-7000-8000-000000000001".into(),
        iat: NOW,
        host: None,
    }
}

pub fn display() -> Display {
    Display {
        provider: "openai".into(),
        key_hint: "sk-p…cdef".into(),
        ..Display::default()
    }
}

pub fn device() -> Kind {
    Kind::Device(DeviceSecret { iv: [1; 12], ciphertext: vec![2; 48] })
}

/// A vault that is made, unlocked, and empty.
pub fn vault() -> Vault<MemoryStore> {
    let mut vault = Vault::open(MemoryStore::default(), ISSUER, "ada").expect("new records");
    let header = Header::new("the companion's identity").expect("random numbers");
    let key = VaultKey::generate().expect("random numbers");
    let slot = Slot::wrap(header.id(), device(), SECRET, &key).expect("random numbers");
    vault.create(header.with_slot(slot), key).expect("room");
    vault
}
