//! What both the browser and the companion know of a provider.

use serde::Serialize;

use super::shape::Shape;
#[cfg(feature = "companion")]
use super::wire::Wire;

/// One provider.
#[derive(Debug)]
pub struct Provider {
    /// The name used in URLs, claims and the database: `openai`.
    pub id: &'static str,
    /// The name to show.
    pub name: &'static str,
    /// Where it stands on the page; the first is the main one.
    pub categories: &'static [Category],
    /// Where a person makes a key.
    pub dashboard: &'static str,
    /// What a base URL adds below the origin: `/v1`, or nothing.
    pub base_path: &'static str,
    /// The host is the user's own and is sealed into the key.
    pub custom_host: bool,
    /// How its keys are known to look. They pre-select and warn; they never refuse.
    pub shapes: &'static [Shape],
    /// What a test of the key costs.
    pub test_cost: TestCost,
    /// Whether the provider lets a page call it directly.
    pub cors: Cors,
    /// Hosts, paths and test calls.
    #[cfg(feature = "companion")]
    pub wire: Wire,
}

/// The page's five groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Language models, embeddings among them.
    Llm,
    /// Image generation.
    Image,
    /// Video generation.
    Video,
    /// Speech and sound, either way.
    Audio,
    /// Web search and reranking.
    Research,
}

impl Category {
    /// The name as it is serialised.
    ///
    /// ```
    /// assert_eq!(keyseal::catalogue::Category::Llm.as_str(), "llm");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Research => "research",
        }
    }
}

/// What it costs to test a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TestCost {
    /// Nothing.
    Free,
    /// One request of a free quota.
    Quota,
    /// Nothing as long as the provider rejects the request before billing, which it is known to do.
    MayCost,
    /// There is no test that does not cost money.
    None,
}

impl TestCost {
    /// The name as it is serialised.
    ///
    /// ```
    /// assert_eq!(keyseal::catalogue::TestCost::Free.as_str(), "free");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Quota => "quota",
            Self::MayCost => "mayCost",
            Self::None => "none",
        }
    }
}

/// Whether a provider answers a page of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cors {
    /// It does.
    Yes,
    /// It does, under a condition (a header, a region) that the catalogue's notes name.
    Conditional,
    /// It does not.
    No,
    /// Public sources contradict each other.
    Conflicting,
    /// Nothing is known.
    Unknown,
}

impl Cors {
    /// The name as it is serialised.
    ///
    /// ```
    /// assert_eq!(keyseal::catalogue::Cors::Yes.as_str(), "yes");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Conditional => "conditional",
            Self::No => "no",
            Self::Conflicting => "conflicting",
            Self::Unknown => "unknown",
        }
    }
}

/// Something to tell the person about what they pasted. It never stops them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable, for programs.
    pub code: &'static str,
    /// One or two sentences, for people.
    pub message: &'static str,
}
