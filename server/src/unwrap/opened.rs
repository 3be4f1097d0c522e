//! Stored keys that were unwrapped a moment ago.

use std::sync::Arc;
use std::time::Duration;

use keyseal::envelope::{KeyClaims, OpenError, SealedKey};

use super::ring::KeyRing;
use super::short_lived::ShortLived;
use crate::config::Config;
use crate::store::Owner;

/// At most so many unwrapped keys at once.
const MOST: usize = 10_000;

/// A stored key, and where it stands: what it says of itself must agree with all of this.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The authenticated caller, not only the row's owner.
    pub caller: &'a Owner,
    /// The row's id.
    pub id: &'a str,
    /// The provider that is being called.
    pub provider: &'a str,
    /// The row's host.
    pub host: Option<&'a str>,
    /// The sealed key.
    pub sealed_key: &'a str,
    /// SHA-256 of `sealed_key`.
    pub digest: [u8; 32],
}

/// Why a stored key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// No key of the ring opens it: it has to be entered again.
    #[error("no key of the ring opens it")]
    Lost,
    /// It opens, and was sealed for another user, entry, provider or host: the row was tampered with.
    #[error("it was sealed for something else")]
    Moved,
    /// The server is going down.
    #[error("the server is ending")]
    Ending,
}

/// Unwrapped keys, each bound to user, entry and ciphertext.
pub struct Opened {
    keep: Duration,
    keys: ShortLived<[u8; 32], Held>,
}

#[derive(Clone)]
struct Held {
    owner: Arc<Owner>,
    claims: Arc<KeyClaims>,
}

impl Opened {
    /// An empty one, that keeps keys as long as the configuration says.
    pub fn new(config: &Config) -> Self {
        let keep = Duration::from_secs(config.unwrap.cache_seconds);
        Self {
            keep,
            keys: ShortLived::new(keep, MOST),
        }
    }

    /// The key, unwrapped now or a moment ago. Its claims are compared either way.
    pub async fn key(
        &self,
        ring: &Arc<KeyRing>,
        stored: Stored<'_>,
    ) -> Result<Arc<KeyClaims>, CannotOpen> {
        let claims = match self.known(stored) {
            Some(claims) => claims,
            None => self.unwrap(ring, stored).await?,
        };
        if agrees(&claims, stored) {
            Ok(claims)
        } else {
            Err(CannotOpen::Moved)
        }
    }

    fn known(&self, stored: Stored<'_>) -> Option<Arc<KeyClaims>> {
        let held = self.keys.get(&stored.digest)?;
        (*held.owner == *stored.caller && held.claims.rid == stored.id).then_some(held.claims)
    }

    async fn unwrap(
        &self,
        ring: &Arc<KeyRing>,
        stored: Stored<'_>,
    ) -> Result<Arc<KeyClaims>, CannotOpen> {
        let sealed =
            SealedKey::parse(stored.sealed_key.as_bytes()).map_err(|_| CannotOpen::Lost)?;
        let ring = Arc::clone(ring);
        // An RSA operation takes a millisecond, in which this thread can serve fifty requests.
        let opening = tokio::task::spawn_blocking(move || open(&sealed, &ring));
        let claims = Arc::new(opening.await.map_err(|_| CannotOpen::Ending)??);
        if agrees(&claims, stored) && !self.keep.is_zero() {
            let held = Held {
                owner: Arc::new(stored.caller.clone()),
                claims: Arc::clone(&claims),
            };
            self.keys.put(stored.digest, held, self.keep);
        }
        Ok(claims)
    }

    /// Drops an entry's key: it was revoked or replaced.
    pub fn forget(&self, owner: &Owner, id: &str) {
        self.keys
            .forget(|held| *held.owner == *owner && held.claims.rid == id);
    }

    /// Drops what was kept long enough.
    pub fn sweep(&self) {
        self.keys.sweep();
    }

    /// How many keys are kept.
    pub fn count(&self) -> usize {
        self.keys.len()
    }
}

fn open(sealed: &SealedKey, ring: &KeyRing) -> Result<KeyClaims, CannotOpen> {
    let mut opened = sealed.open(ring);
    // The key may have been made a moment ago, and another thread may have just read it.
    if opened == Err(OpenError::UnknownKid) {
        let _ = ring.refresh();
        opened = sealed.open(ring);
    }
    opened.map_err(|error| match error {
        OpenError::Claims => CannotOpen::Moved,
        _ => CannotOpen::Lost,
    })
}

/// Promise 5: a key works only for the user, the entry and the provider or host it was sealed for.
pub(super) fn agrees(claims: &KeyClaims, stored: Stored<'_>) -> bool {
    claims.sub == stored.caller.sub()
        && claims.rid == stored.id
        && claims.provider == stored.provider
        && claims.host.as_deref() == stored.host
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Realm;
    use keyseal::envelope::{PublicKey, Secret, sha256};

    struct Bench {
        _folder: tempfile::TempDir,
        ring: Arc<KeyRing>,
        opened: Opened,
        ann: Owner,
        sealed: String,
    }

    fn bench(cache_seconds: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let ring =
            KeyRing::open(&folder.path().join("keys"), "http://127.0.0.1:8787").expect("a ring");
        let config = Config::from_pairs(None, &[("KEYSEAL__UNWRAP__CACHE_SECONDS", cache_seconds)]);
        let claims = KeyClaims {
            key: Secret::new("sk-canary".into()),
            provider: "openai".into(),
            sub: "ann".into(),
            rid: "entry-1".into(),
            iat: 1_790_000_000,
            host: None,
        };
        let to = PublicKey::from_jwk(&ring.jwks()[0]).expect("a key");
        let sealed = SealedKey::seal(&claims, &to).expect("sealed").to_json();
        Bench {
            _folder: folder,
            ring: Arc::new(ring),
            opened: Opened::new(&config.expect("a configuration")),
            ann: Owner::new(Realm::Jwt, "ann"),
            sealed,
        }
    }

    impl Bench {
        fn stored(&self) -> Stored<'_> {
            Stored {
                caller: &self.ann,
                id: "entry-1",
                provider: "openai",
                host: None,
                sealed_key: &self.sealed,
                digest: sha256(self.sealed.as_bytes()),
            }
        }

        async fn key(&self, stored: Stored<'_>) -> Result<String, CannotOpen> {
            let claims = self.opened.key(&self.ring, stored).await?;
            Ok(claims.key.expose().to_owned())
        }
    }

    #[tokio::test]
    async fn a_key_opens_for_what_it_was_sealed_for_and_nothing_else_cached_or_not() {
        let bench = bench("60");
        let good = bench.stored();
        let bob = Owner::new(Realm::Jwt, "bob");
        let local = Owner::new(Realm::Local, "ann");
        let moved = [
            Stored {
                caller: &bob,
                ..good
            },
            Stored {
                id: "entry-2",
                ..good
            },
            Stored {
                provider: "anthropic",
                ..good
            },
            Stored {
                host: Some("evil.example.com"),
                ..good
            },
        ];
        for cached in [false, true] {
            for stored in moved {
                assert_eq!(
                    bench.key(stored).await,
                    Err(CannotOpen::Moved),
                    "cached: {cached}"
                );
            }
            assert_eq!(bench.key(good).await.as_deref(), Ok("sk-canary"));
        }
        // The realm is the store's to keep apart; a cached key is not shared across it either.
        assert!(bench.opened.known(good).is_some());
        assert!(
            bench
                .opened
                .known(Stored {
                    caller: &local,
                    ..good
                })
                .is_none()
        );
    }

    #[tokio::test]
    async fn what_does_not_open_is_lost_and_never_a_key() {
        let bench = bench("60");
        let foreign = bench_sealed_elsewhere();
        let broken = bench.sealed.replacen("\"tag\":\"", "\"tag\":\"x", 1);
        let mut tampered = bench.sealed.clone();
        let at = tampered.find("\"ciphertext\":\"").expect("a member") + 14;
        let other = if tampered.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        tampered.replace_range(at..=at, other);
        for sealed_key in [foreign.as_str(), &broken, &tampered, "ENC:sk-canary", ""] {
            let stored = Stored {
                sealed_key,
                digest: sha256(sealed_key.as_bytes()),
                ..bench.stored()
            };
            assert_eq!(bench.key(stored).await, Err(CannotOpen::Lost));
        }
    }

    fn bench_sealed_elsewhere() -> String {
        bench("0").sealed
    }

    #[tokio::test]
    async fn zero_seconds_keep_nothing() {
        let bench = bench("0");
        bench.key(bench.stored()).await.expect("opens");
        assert!(bench.opened.known(bench.stored()).is_none());
    }

    #[tokio::test]
    async fn a_forgotten_entry_is_unwrapped_anew() {
        let bench = bench("60");
        bench.key(bench.stored()).await.expect("opens");
        bench
            .opened
            .forget(&Owner::new(Realm::Jwt, "bob"), "entry-1");
        assert!(bench.opened.known(bench.stored()).is_some());
        bench.opened.forget(&bench.ann, "entry-1");
        assert!(bench.opened.known(bench.stored()).is_none());
    }
}
