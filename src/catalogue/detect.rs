//! Guesses the provider of a key from its shape.

use core::cmp::Reverse;

use serde::Serialize;

use super::clean::strip;
use super::shape::Shape;
use super::types::{Provider, Warning};
use super::{find, with_demo};

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// No other provider is known to have such keys.
    Certain,
    /// Good enough to pre-select, not to act upon without asking.
    Likely,
    /// Several providers have such keys, or none.
    None,
}

impl Confidence {
    /// The name as it is serialised.
    ///
    /// ```
    /// use keyseal::catalogue::Confidence;
    ///
    /// assert_eq!(Confidence::Certain.as_str(), "certain");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::None => "none",
        }
    }
}

/// What the shape of a key tells. Holds nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The provider, unless several are as likely.
    pub provider: Option<&'static str>,
    /// How sure that is.
    pub confidence: Confidence,
    /// The other providers it may be of, the likeliest first.
    pub alternatives: Vec<&'static str>,
    /// What the person should know.
    pub warnings: Vec<Warning>,
}

const UNUSUAL: Warning = Warning {
    code: "shape_unusual",
    message: "This does not look like this provider's keys: part of it may be missing. Test it to be sure.",
};

const MASKED: Warning = Warning {
    code: "masked",
    message: "This looks like a masked key. Copy the whole key, or make a new one at the provider.",
};

/// Guesses the provider of a key. It warns and never refuses: shapes change.
///
/// ```
/// use keyseal::catalogue::{Confidence, detect};
///
/// let found = detect(&format!("sk-ant-api03-{}AA", "a1B2".repeat(23)));
/// assert_eq!(found.provider, Some("anthropic"));
/// assert_eq!(detect("who knows").confidence, Confidence::None);
/// ```
#[must_use]
pub fn detect(key: &str) -> Detection {
    let key = strip(key);
    let mut found: Vec<(&'static Provider, &'static Shape)> = Vec::new();
    let order = |shape: &Shape| (Reverse(rank(shape)), shape.widest());
    for provider in with_demo() {
        if let Some(shape) = best_shape(provider, key) {
            // Sorted as they come; equals stay in the catalogue's order.
            let at = found.partition_point(|(_, known)| order(known) <= order(shape));
            found.insert(at, (provider, shape));
        }
    }
    let tied = found.len() > 1 && rank(found[0].1) == rank(found[1].1);
    let best = if tied || found.is_empty() {
        None
    } else {
        Some(found.remove(0))
    };
    let confidence = match best {
        Some((_, shape)) if shape.sure => Confidence::Certain,
        Some(_) => Confidence::Likely,
        None => Confidence::None,
    };
    if confidence == Confidence::Certain {
        found.clear();
    }
    let warning = best.and_then(|(_, shape)| warning(shape));
    Detection {
        provider: best.map(|(provider, _)| provider.id),
        confidence,
        alternatives: found.iter().map(|(provider, _)| provider.id).collect(),
        warnings: warning
            .into_iter()
            .chain(is_masked(key).then_some(MASKED))
            .collect(),
    }
}

/// A warning if a key does not look like those of the provider it is said to be of. Nothing is known
/// of some providers' keys, and an id that is not in the catalogue gets no warning either.
///
/// ```
/// use keyseal::catalogue::mismatch;
///
/// let key = format!("gsk_{}", "a1B2".repeat(13));
/// assert!(mismatch("openai", &key).is_some());
/// assert!(mismatch("groq", &key).is_none());
/// ```
#[must_use]
pub fn mismatch(provider: &str, key: &str) -> Option<Warning> {
    let provider = find(provider)?;
    match best_shape(provider, strip(key)) {
        Some(shape) => warning(shape),
        None => provider
            .shapes
            .iter()
            .any(|shape| shape.known)
            .then_some(UNUSUAL),
    }
}

/// The provider whose key a whole value plainly is, with or without what is copied along with it.
/// Only shapes that nothing else would have: no JWT, no bare hex, no UUID.
///
/// ```
/// use keyseal::catalogue::looks_like_key;
///
/// let key = format!("sk-ant-api03-{}AA", "a1B2".repeat(23));
/// assert_eq!(looks_like_key(&key), Some("anthropic"));
/// assert_eq!(looks_like_key("my key for work"), None);
/// ```
#[must_use]
pub fn looks_like_key(value: &str) -> Option<&'static str> {
    plain_key(strip(value))
}

pub(super) fn plain_key(value: &str) -> Option<&'static str> {
    let plainly = |provider: &&Provider| provider.shapes.iter().any(|s| s.is_plainly(value));
    with_demo().find(plainly).map(|provider| provider.id)
}

fn best_shape(provider: &'static Provider, key: &str) -> Option<&'static Shape> {
    provider
        .shapes
        .iter()
        .filter(|shape| shape.matches(key))
        .max_by_key(|shape| rank(shape))
}

/// A shape of the provider's own before a borrowed one; then the one with more fixed text; then the
/// exact one.
fn rank(shape: &Shape) -> (bool, usize, bool) {
    (!shape.secondary, shape.fixed(), !shape.loose)
}

fn warning(shape: &Shape) -> Option<Warning> {
    shape.refused.or(shape.loose.then_some(UNUSUAL))
}

fn is_masked(key: &str) -> bool {
    let mut parts = key.as_bytes().windows(3);
    parts.any(|part| part == b"***" || part == b"...")
}
