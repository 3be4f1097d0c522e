use std::{fs, os::unix::fs::PermissionsExt, thread};

use keyseal::envelope::{
    KeyClaims, OpenError, PublicKey, SealedKey, Secret,
    keyset::{self, Published},
};
use tempfile::TempDir;

use super::*;

const ISSUER: &str = "https://keys.example.com";

fn claims() -> KeyClaims {
    KeyClaims {
        key: Secret::new("demo-ring-0123456789".into()),
        provider: "demo".into(),
        sub: "ann".into(),
        rid: "0197".into(),
        iat: 1_790_000_000,
        host: None,
    }
}

fn first_start() -> (TempDir, KeyRing) {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(&dir.path().join("keys"), ISSUER).unwrap();
    (dir, ring)
}

#[test]
fn what_is_sealed_to_the_published_key_opens_also_after_a_restart() {
    let (dir, ring) = first_start();
    let published = ring.published();
    let published = Published {
        identity: published.identity,
        keyset: published.jws,
        identity_change: None,
    };
    let (keyset, _) = keyset::verify(&published, ISSUER, None, None, clock::seconds()).unwrap();
    assert!(keyset.exp - keyset.iat <= 90 * 24 * 3600);
    let sealed = SealedKey::seal(&claims(), &keyset.current().unwrap()).unwrap();
    assert_eq!(sealed.open(&ring).unwrap(), claims());
    drop(ring);
    let again = KeyRing::open(&dir.path().join("keys"), ISSUER).unwrap();
    assert_eq!(
        sealed.open(&again).unwrap().key.expose(),
        "demo-ring-0123456789"
    );
    assert_eq!(again.published().seq(), 1, "nothing was signed again");
}

#[test]
fn files_are_private() {
    let (dir, _ring) = first_start();
    let keys = dir.path().join("keys");
    assert_eq!(
        fs::metadata(&keys).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for file in fs::read_dir(&keys).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn of_several_first_starts_one_makes_the_keys() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let keys = keys.clone();
            thread::spawn(move || KeyRing::open(&keys, ISSUER).unwrap().published().jws)
        })
        .collect();
    let published: Vec<String> = starts
        .into_iter()
        .map(|start| start.join().unwrap())
        .collect();
    assert!(published.iter().all(|jws| *jws == published[0]));
    assert_eq!(KeyRing::open(&keys, ISSUER).unwrap().kids().len(), 1);
}

#[test]
fn an_interrupted_first_start_begins_anew_and_a_lost_key_set_does_not() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let kid = ring.current_kid();
    fs::remove_file(keys.join("keyset.jws")).unwrap();
    let refusal = KeyRing::open(&keys, ISSUER).err().unwrap().to_string();
    assert!(refusal.contains("restore"), "{refusal}");
    fs::write(keys.join(".first-start"), "").unwrap();
    assert_ne!(KeyRing::open(&keys, ISSUER).unwrap().current_kid(), kid);
    assert!(!keys.join(".first-start").exists());
}

#[test]
fn another_public_url_signs_again_under_the_next_number() {
    let (dir, ring) = first_start();
    let other = KeyRing::open(&dir.path().join("keys"), "https://other.example.com").unwrap();
    assert_eq!(other.published().seq(), 2);
    assert_eq!(other.published().issuer(), "https://other.example.com");
    assert_eq!(other.current_kid(), ring.current_kid());
}

/// A key set that was signed so many days ago.
fn signed_days_ago(dir: &TempDir, days: i64) {
    let folder = Folder::existing(&dir.path().join("keys"));
    let old = folder.keyset().unwrap();
    let then = clock::seconds() - days * 24 * 3600;
    let identity = folder.identity_key().unwrap();
    let keys = old.keys().to_vec();
    let signed = SignedKeyset::sign(&identity, old.issuer(), old.seq() + 1, keys, then).unwrap();
    crate::files::replace(&folder.keyset_path(), signed.jws.as_bytes()).unwrap();
}

#[test]
fn a_key_set_is_signed_again_before_it_expires_at_start_and_while_running() {
    let (dir, ring) = first_start();
    signed_days_ago(&dir, 50);
    assert!(ring.refresh().unwrap());
    assert_eq!(ring.published().seq(), 2, "forty days are left");
    signed_days_ago(&dir, 61);
    assert!(ring.refresh().unwrap());
    let published = ring.published();
    assert_eq!(published.seq(), 4);
    assert!(published.exp() > clock::seconds() + 89 * 24 * 3600);
    signed_days_ago(&dir, 200);
    let again = KeyRing::open(&dir.path().join("keys"), ISSUER).unwrap();
    assert_eq!(again.published().seq(), 6);
}

#[test]
fn where_the_identity_is_kept_offline_a_good_key_set_serves_until_it_expires() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    signed_days_ago(&dir, 61);
    let jwk = serde_json::to_vec(&ring.published().identity).unwrap();
    let identity = fs::read(keys.join("identity.pem")).unwrap();
    fs::write(keys.join("identity.jwk"), jwk).unwrap();
    fs::remove_file(keys.join("identity.pem")).unwrap();

    let offline = KeyRing::open(&keys, ISSUER).unwrap();
    assert_eq!(offline.published().seq(), 2);
    let refusal = offline.refresh().unwrap_err().to_string();
    assert!(refusal.contains("identity.pem is not here"), "{refusal}");
    assert!(KeyRing::open(&keys, "https://other.example.com").is_err());

    // Signed elsewhere and copied here: the running ring takes it.
    crate::files::create_once(&keys.join("identity.pem"), &identity).unwrap();
    signed_days_ago(&dir, 100);
    fs::remove_file(keys.join("identity.pem")).unwrap();
    assert!(KeyRing::open(&keys, ISSUER).is_err(), "expired");
    crate::files::create_once(&keys.join("identity.pem"), &identity).unwrap();
    signed_days_ago(&dir, 1);
    fs::remove_file(keys.join("identity.pem")).unwrap();
    assert!(offline.refresh().unwrap());
    assert_eq!(offline.published().seq(), 4);
}

#[test]
fn a_running_ring_follows_the_folder_and_keeps_what_it_had_when_the_folder_is_broken() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    assert!(!ring.refresh().unwrap());

    let pem = keys::generate().unwrap();
    let added = UnwrapKey::from_pem(pem.as_bytes()).unwrap();
    let kid = added.jwk().kid.clone().unwrap();
    crate::files::create_once(&keys.join(format!("key-{kid}.pem")), pem.as_bytes()).unwrap();
    assert!(!ring.knows(&kid));
    assert!(ring.refresh().unwrap());
    assert!(ring.knows(&kid));
    assert_ne!(
        ring.current_kid(),
        kid,
        "only the key set says which is current"
    );

    fs::write(keys.join("keyset.jws"), "broken").unwrap();
    assert!(ring.refresh().is_err());
    assert!(ring.knows(&kid));
}

#[test]
fn a_key_that_others_may_read_is_refused_by_name() {
    let (dir, ring) = first_start();
    let path = dir
        .path()
        .join("keys")
        .join(format!("key-{}.pem", ring.current_kid()));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refusal = KeyRing::open(&dir.path().join("keys"), ISSUER)
        .err()
        .unwrap()
        .to_string();
    assert!(refusal.contains(&ring.current_kid()), "{refusal}");
    assert!(refusal.contains("open to every user"), "{refusal}");
}

#[test]
fn a_key_set_by_another_identity_is_refused() {
    let (dir, _ring) = first_start();
    let (other, _other_ring) = first_start();
    let at = |dir: &TempDir| dir.path().join("keys").join("keyset.jws");
    fs::copy(at(&other), at(&dir)).unwrap();
    assert!(KeyRing::open(&dir.path().join("keys"), ISSUER).is_err());
}

#[test]
fn every_failure_to_decrypt_is_the_same() {
    let (_dir, ring) = first_start();
    let key = PublicKey::from_jwk(&ring.jwks()[0]).unwrap();
    let sealed: serde_json::Value =
        serde_json::from_str(&SealedKey::seal(&claims(), &key).unwrap().to_json()).unwrap();
    let flip = |text: &str| {
        let first = if text.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &text[1..])
    };
    let mut broken = Vec::new();
    for pointer in ["/iv", "/ciphertext", "/tag", "/recipients/0/encrypted_key"] {
        let mut copy = sealed.clone();
        let part = copy.pointer_mut(pointer).unwrap();
        *part = flip(part.as_str().unwrap()).into();
        broken.push(copy);
    }
    // As large as the modulus: out of range for RSA.
    let mut copy = sealed.clone();
    let full = keyseal::envelope::encode_base64url(&[0xff; 384]);
    *copy.pointer_mut("/recipients/0/encrypted_key").unwrap() = full.into();
    broken.push(copy);
    for copy in broken {
        let parsed = SealedKey::parse(copy.to_string().as_bytes()).unwrap();
        assert_eq!(parsed.open(&ring), Err(OpenError::Refused));
    }
}

#[test]
fn a_folder_without_keys_is_refused_where_keys_are_stored_already() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let refused = KeyRing::open_kept(&keys, ISSUER).err().unwrap();
    assert!(refused.to_string().contains("keyset.jws"));
    assert!(!keys.exists(), "nothing was made");
    drop(KeyRing::open(&keys, ISSUER).unwrap());
    assert!(KeyRing::open_kept(&keys, ISSUER).is_ok());
}

#[test]
fn a_key_set_signed_for_another_address_is_not_taken_over_while_running() {
    let (dir, ring) = first_start();
    let before = ring.published().jws;
    let other = KeyRing::open(&dir.path().join("keys"), "https://other.example.com");
    assert!(other.is_ok(), "an address may change at a start");
    let refused = ring.refresh().unwrap_err();
    assert!(refused.to_string().contains("https://other.example.com"));
    assert_eq!(ring.published().jws, before);
}

#[test]
fn an_announced_key_is_published_and_the_next_rotation_makes_it_current() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let first = ring.current_kid();
    let next = rotate(&keys, Step::Announce).unwrap();
    assert!(ring.refresh().unwrap());
    let published = |ring: &KeyRing| -> Vec<String> {
        ring.jwks().into_iter().filter_map(|key| key.kid).collect()
    };
    assert_eq!(published(&ring), [first.clone(), next.clone()]);
    assert_eq!(ring.published().seq(), 2);
    let refused = rotate(&keys, Step::Announce).unwrap_err().to_string();
    assert!(refused.contains(&next), "{refused}");

    assert_eq!(rotate(&keys, Step::Rotate).unwrap(), next);
    assert!(ring.refresh().unwrap());
    assert_eq!(published(&ring), [next]);
    assert_eq!(ring.published().seq(), 3);
    assert!(ring.knows(&first));
    // As a browser would check it that has seen the first one.
    let signed = ring.published();
    let published = Published {
        identity: signed.identity,
        keyset: signed.jws,
        identity_change: None,
    };
    let now = clock::seconds();
    keyset::verify(&published, ISSUER, None, None, now).unwrap();
}

#[test]
fn without_the_identity_no_key_is_made() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let jwk = serde_json::to_vec(&ring.published().identity).unwrap();
    fs::write(keys.join("identity.jwk"), jwk).unwrap();
    let away = dir.path().join("identity.pem");
    fs::rename(keys.join("identity.pem"), &away).unwrap();
    for step in [Step::Announce, Step::Rotate] {
        let refused = rotate(&keys, step).unwrap_err().to_string();
        assert!(refused.contains("bring it back"), "{refused}");
    }
    ring.refresh().unwrap();
    assert_eq!(ring.kids(), [ring.current_kid()]);
    assert_eq!(ring.published().seq(), 1);
    fs::rename(&away, keys.join("identity.pem")).unwrap();
    let kid = rotate(&keys, Step::Rotate).unwrap();
    fs::remove_file(keys.join("identity.pem")).unwrap();
    ring.refresh().unwrap();
    assert_eq!(ring.current_kid(), kid);
}

#[test]
fn a_rotation_that_was_killed_leaves_a_whole_folder_and_no_key_aside() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let before = ring.current_kid();
    // Killed while the key was written, and after it was.
    let aside = keys.join("key-x.0197.tmp");
    fs::write(&aside, "half a key").unwrap();
    let pem = keys::generate().unwrap();
    let kid = UnwrapKey::from_pem(pem.as_bytes()).unwrap();
    let kid = kid.jwk().kid.clone().unwrap();
    let path = keys.join(format!("key-{kid}.pem"));
    crate::files::create_once(&path, pem.as_bytes()).unwrap();
    fs::write(keys.join("local.0197.tmp"), "another's").unwrap();

    assert!(ring.refresh().unwrap());
    assert_eq!(ring.current_kid(), before);
    let next = rotate(&keys, Step::Rotate).unwrap();
    assert!(!aside.exists());
    assert!(keys.join("local.0197.tmp").exists());
    ring.refresh().unwrap();
    assert_eq!(ring.current_kid(), next);
    assert_eq!(ring.kids().len(), 3);
    // What nobody ever sealed to can go.
    retire(&keys, &kid).unwrap().finish().unwrap();
    assert!(!path.exists());
}

#[test]
fn commands_at_once_each_get_a_number_of_their_own() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let rotations: Vec<_> = (0..3)
        .map(|_| {
            let keys = keys.clone();
            thread::spawn(move || rotate(&keys, Step::Rotate).unwrap())
        })
        .collect();
    for rotation in rotations {
        rotation.join().unwrap();
    }
    ring.refresh().unwrap();
    assert_eq!(ring.published().seq(), 4);
    assert_eq!(ring.kids().len(), 4);
}

#[tokio::test]
async fn under_a_retiring_key_nothing_new_is_taken_and_what_is_stored_opens() {
    let (dir, ring) = first_start();
    let keys = dir.path().join("keys");
    let ring = Arc::new(ring);
    let old = PublicKey::from_jwk(&ring.jwks()[0]).unwrap();
    let sealed = SealedKey::seal(&claims(), &old).unwrap();
    assert!(retire(&keys, old.kid()).is_err(), "it is current");
    // No look into the folder in between: asking for the new one is what reads it.
    let new = rotate(&keys, Step::Rotate).unwrap();
    assert!(ring.takes(&new).await && ring.takes(old.kid()).await);
    let retirement = retire(&keys, old.kid()).unwrap();
    ring.refresh().unwrap();
    assert!(!ring.takes(old.kid()).await && ring.is_retiring(old.kid()));
    assert_eq!(sealed.open(ring.as_ref()).unwrap(), claims());
    let next = rotate(&keys, Step::Announce).unwrap();
    assert!(retire(&keys, &next).is_err(), "it is announced");
    assert!(retire(&keys, "../keys/key").is_err(), "no such key");

    retirement.finish().unwrap();
    ring.refresh().unwrap();
    assert_eq!(sealed.open(ring.as_ref()), Err(OpenError::UnknownKid));
    assert!(!ring.is_retiring(old.kid()));
}
