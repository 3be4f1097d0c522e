//! The public keys of an identity provider, by URL: fetched, kept, and fetched again when a token
//! names one that is not known.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::key::{TokenJwk, TokenKey};
use crate::clock;
use crate::outgoing::Document;

/// A set of more keys is not one of an identity provider.
const MOST_KEYS: usize = 100;
/// Longer names of keys are not looked for.
const LONGEST_KID: usize = 512;

/// The keys, and where they come from.
pub struct Jwks {
    document: Document,
    cooldown: Duration,
    held: ArcSwapOption<KeySet>,
    /// Grows with every change of [`Jwks::held`].
    generation: AtomicU64,
    /// When it was last asked for; held while asking, so that all who wait share one fetch.
    asked: Mutex<Option<Instant>>,
}

/// What an identity provider has.
pub struct Seen {
    /// So many keys that tokens may be signed with.
    pub keys: usize,
    /// Their algorithms.
    pub algorithms: String,
    /// Its clock, in seconds.
    pub date: Option<i64>,
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The identity provider has none of that name and kind.
    Unknown,
    /// The identity provider could not be asked yet.
    NotFetched,
}

impl Jwks {
    /// Keys from that document, which is asked for out of turn at most once in `cooldown`.
    pub fn new(document: Document, cooldown: Duration) -> Self {
        Self {
            document,
            cooldown,
            held: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            asked: Mutex::new(None),
        }
    }

    /// The key for a token, whose header names it and an algorithm.
    pub async fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<TokenKey, NoKey> {
        if kid.is_some_and(|kid| kid.len() > LONGEST_KID) || !is_public_key(algorithm) {
            return Err(NoKey::Unknown);
        }
        if let Some(key) = self.find(kid, algorithm) {
            return Ok(key);
        }
        self.refresh_if_due().await;
        let found = self.find(kid, algorithm);
        found.ok_or_else(|| {
            if self.is_ready() {
                NoKey::Unknown
            } else {
                NoKey::NotFetched
            }
        })
    }

    /// Whether there are keys.
    pub fn is_ready(&self) -> bool {
        self.held.load().is_some()
    }

    /// Another number once the keys have changed.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// What is to be had now; nothing of it is kept.
    pub async fn examine(&self) -> Result<Seen, String> {
        let answer = self.document.dated().await;
        let (text, date) = answer.map_err(|error| error.to_string())?;
        let set = KeySet::parse(&text)?;
        let algorithms: BTreeSet<_> = set
            .keys
            .iter()
            .map(|(_, key)| format!("{:?}", key.algorithm()))
            .collect();
        Ok(Seen {
            keys: set.keys.len(),
            algorithms: algorithms.into_iter().collect::<Vec<_>>().join(", "),
            date: date.as_deref().and_then(clock::parse_http_date),
        })
    }

    /// Asks for the keys now; what was held stays where that fails. Says whether it went well.
    pub async fn refresh(&self) -> bool {
        let mut asked = self.asked.lock().await;
        *asked = Some(Instant::now());
        self.fetch().await
    }

    async fn refresh_if_due(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < self.cooldown) {
            return;
        }
        *asked = Some(Instant::now());
        self.fetch().await;
    }

    async fn fetch(&self) -> bool {
        let fetched = match self.document.get().await {
            Ok(text) => KeySet::parse(&text),
            Err(error) => Err(error.to_string()),
        };
        match fetched {
            Ok(set) => {
                self.hold(set);
                true
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    kept = self.is_ready(),
                    "the identity provider's keys were not fetched"
                );
                false
            }
        }
    }

    fn hold(&self, set: KeySet) {
        let same = self
            .held
            .load()
            .as_ref()
            .is_some_and(|held| held.text == set.text);
        if !same {
            tracing::info!(keys = set.keys.len(), "the identity provider's keys");
            self.held.store(Some(Arc::new(set)));
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<TokenKey> {
        self.held.load().as_ref()?.find(kid, algorithm).cloned()
    }
}

fn is_public_key(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
    )
}

/// A set as it was fetched.
struct KeySet {
    text: Vec<u8>,
    keys: Vec<(Option<String>, TokenKey)>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// Keys of other kinds are left out (RFC 7517 section 5); a set without any that can be used is
    /// a mistake, and no reason to refuse everybody.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let written: Written<'_> =
            serde_json::from_slice(text).map_err(|_| "it is no JSON Web Key Set".to_owned())?;
        if written.keys.len() > MOST_KEYS {
            return Err(format!("it has more than {MOST_KEYS} keys"));
        }
        let usable = written.keys.iter().filter_map(|raw| {
            let jwk: TokenJwk = serde_json::from_str(raw.get()).ok()?;
            Some((jwk.kid.clone(), TokenKey::from_jwk(&jwk)?))
        });
        let keys: Vec<_> = usable.collect();
        if keys.is_empty() {
            return Err("it has no RSA, P-256 or Ed25519 key for signatures".into());
        }
        Ok(Self {
            text: text.to_vec(),
            keys,
        })
    }

    /// By name and kind. A token that names none is checked only where there is no choice.
    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&TokenKey> {
        let mut fitting = self.keys.iter().filter(|(name, key)| {
            key.algorithm() == algorithm && kid.is_none_or(|kid| name.as_deref() == Some(kid))
        });
        let (_, first) = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn a_document_that_is_no_usable_set_is_refused_whole() {
        let many = vec![KEY; MOST_KEYS + 1].join(",");
        for (text, word) in [
            ("", "no JSON Web Key Set"),
            ("<html>sign in</html>", "no JSON Web Key Set"),
            ("{}", "no JSON Web Key Set"),
            (r#"{"keys":{}}"#, "no JSON Web Key Set"),
            (r#"{"keys":[]}"#, "no RSA"),
            (r#"{"keys":[{"kty":"oct","k":"AAAA"},7,null]}"#, "no RSA"),
            (&format!(r#"{{"keys":[{many}]}}"#), "more than 100"),
        ] {
            let refused = KeySet::parse(text.as_bytes()).err().expect(word);
            assert!(refused.contains(word), "{refused}");
        }
    }

    #[test]
    fn keys_of_other_kinds_stand_in_nobodys_way() {
        let text = format!(r#"{{"keys":[{{"kty":"AKP"}},7,{KEY}]}}"#);
        let set = KeySet::parse(text.as_bytes()).expect("one key");
        assert!(set.find(Some("a"), Algorithm::EdDSA).is_some());
        assert!(set.find(None, Algorithm::EdDSA).is_some());
        assert!(set.find(Some("b"), Algorithm::EdDSA).is_none());
        assert!(set.find(Some("a"), Algorithm::RS256).is_none());
    }

    #[test]
    fn two_keys_of_one_name_and_kind_are_no_key() {
        let text = format!(r#"{{"keys":[{KEY},{KEY}]}}"#);
        let set = KeySet::parse(text.as_bytes()).expect("a set");
        assert!(set.find(Some("a"), Algorithm::EdDSA).is_none());
    }
}
