//! Guesses the provider of a key from its shape.

use serde::Serialize;

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
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::None => "none",
        }
    }
}

/// What the shape of a key tells.
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

/// Guesses the provider of a cleaned key. It warns and never refuses: shapes change.
#[must_use]
pub fn detect(key: &str) -> Detection {
    let mut found: Vec<(&'static Provider, &'static Shape)> = with_demo()
        .filter_map(|provider| Some((provider, best_shape(provider, key)?)))
        .collect();
    // Stable: equals stay in the catalogue's order.
    found.sort_by_key(|(_, shape)| core::cmp::Reverse(rank(shape)));
    let mut detection = Detection {
        provider: None,
        confidence: Confidence::None,
        alternatives: Vec::new(),
        warnings: Vec::new(),
    };
    let Some(&(first, shape)) = found.first() else {
        return detection;
    };
    let tied = found
        .get(1)
        .is_some_and(|(_, second)| rank(second) == rank(shape));
    if !tied {
        detection.provider = Some(first.id);
        detection.confidence = if shape.sure {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        detection.warnings.extend(shape.refused);
        found.remove(0);
    }
    if detection.confidence != Confidence::Certain {
        detection.alternatives = found.iter().map(|(provider, _)| provider.id).collect();
    }
    detection
}

/// A warning if a key does not look like those of the provider it is said to be of.
#[must_use]
pub fn mismatch(provider: &str, key: &str) -> Option<Warning> {
    let provider = find(provider)?;
    match best_shape(provider, key) {
        Some(shape) => shape.refused,
        None if provider.shapes.is_empty() => None,
        None => Some(Warning {
            code: "shape_unusual",
            message: "This does not look like this provider's keys. That may be fine: test it to be sure.",
        }),
    }
}

/// The provider whose key a whole value plainly is; only shapes that nothing else would have.
#[must_use]
pub fn looks_like_key(value: &str) -> Option<&'static str> {
    let plain = |provider: &Provider| provider.shapes.iter().any(|s| s.plain && s.matches(value));
    with_demo()
        .find(|provider| plain(provider))
        .map(|provider| provider.id)
}

fn best_shape(provider: &'static Provider, key: &str) -> Option<&'static Shape> {
    provider
        .shapes
        .iter()
        .filter(|shape| shape.matches(key))
        .max_by_key(|shape| rank(shape))
}

/// A shape of the provider's own before a borrowed one; then the one with more fixed text.
fn rank(shape: &Shape) -> (bool, usize) {
    (!shape.secondary, shape.fixed())
}
