//! The names of models: which one a row of the usage bears, and whether the price list knows it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::price;

/// More names than this at once, and all are looked up anew.
const MANY: usize = 4096;

/// What is known of the model of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name under which its row stands.
    pub row: Option<String>,
    /// Whether the price list knows the model.
    pub listed: bool,
}

/// Looking a name up takes longer than all else in counting an answer, and most answers bear the
/// same few names. They are found again by a hash that nobody outside can foresee; the names
/// themselves, which a strange endpoint may have put a key into, are not kept.
static KNOWN: LazyLock<Mutex<HashMap<u64, Named>>> = LazyLock::new(Mutex::default);
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Looks up the model of an answer, by the name that was asked for and the one that answered.
pub fn named(provider: &'static str, asked: Option<&str>, answered: Option<&str>) -> Named {
    let hash = HASHER.hash_one((provider, asked, answered));
    if let Some(known) = known().get(&hash) {
        return known.clone();
    }
    let model = answered.or(asked);
    let named = Named {
        row: row_name(provider, asked, answered),
        listed: model.is_some_and(|model| price::known_as(provider, model).is_some()),
    };
    let mut known = known();
    if known.len() >= MANY {
        known.clear();
    }
    known.insert(hash, named.clone());
    named
}

fn known() -> MutexGuard<'static, HashMap<u64, Named>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name under which a row stands. Of an answer's own word only a version is taken, behind the
/// name that was asked for, or else the name under which the price list knows it: what a strange
/// endpoint puts there could be anything, the key included. Nor does a row bear what looks like a key.
fn row_name(provider: &str, asked: Option<&str>, answered: Option<&str>) -> Option<String> {
    let is_version = |rest: &str| {
        rest.bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'@'))
    };
    let more_exactly = || {
        let (asked, answered) = (asked?, answered?);
        let rest = answered.strip_prefix(asked)?;
        is_version(rest).then(|| answered.to_owned())
    };
    let listed = || price::known_as(provider, answered?);
    let name = more_exactly()
        .or_else(listed)
        .or_else(|| asked.map(str::to_owned))?;
    keyseal::catalogue::looks_like_key(&name)
        .is_none()
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_after_the_answer_only_where_that_can_be_trusted() {
        let name = |asked, answered| row_name("openai", asked, answered);
        let exact = "gpt-4o-2024-08-06";
        assert_eq!(name(Some("gpt-4o"), Some(exact)).as_deref(), Some(exact));
        assert_eq!(name(Some("gpt-4o"), None).as_deref(), Some("gpt-4o"));
        let listed = price::known_as("openai", exact);
        assert!(listed.is_some());
        assert_eq!(name(Some("my-deployment"), Some(exact)), listed);
        assert_eq!(name(None, Some(exact)), listed);
        let mine = Some("mine".to_owned());
        for answered in ["anything-else", "mine-sk-secret", "minesecret", ""] {
            assert_eq!(name(Some("mine"), Some(answered)), mine, "{answered}");
        }
        for strange in [
            "gpt-4o-sk-secret",
            "gpt-4osecret",
            "claude-sonnet-4-5-secret",
        ] {
            for provider in ["openai", "anthropic", "openrouter"] {
                let name = row_name(provider, Some("gpt-4o"), Some(strange));
                assert!(!name.unwrap().contains("secret"), "{provider} {strange}");
            }
        }
        assert_eq!(name(None, Some("anything-else")), None);
        let key = format!("sk-proj-{}", "Ab3".repeat(40));
        assert!(keyseal::catalogue::looks_like_key(&key).is_some());
        assert_eq!(name(Some(&key), None), None);
    }

    #[test]
    fn what_is_remembered_is_what_was_found() {
        for (asked, answered) in [
            (Some("gpt-4o"), Some("gpt-4o-2024-08-06")),
            (Some("gpt-4o-2024-08-06"), Some("gpt-4o")),
            (Some("gpt-4o"), None),
            (None, Some("gpt-4o")),
            (Some("mine"), Some("gpt-4o")),
            (Some("mine"), None),
            (None, None),
        ] {
            let first = named("openai", asked, answered);
            assert_eq!(named("openai", asked, answered), first);
            let expected = row_name("openai", asked, answered);
            assert_eq!(first.row, expected);
            let is_listed = asked != Some("mine") || answered.is_some();
            assert_eq!(first.listed, is_listed && (asked, answered) != (None, None));
        }
        assert!(!named("anthropic", Some("gpt-4o"), None).listed);
    }
}
