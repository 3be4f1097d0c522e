//! The form of `providers.json`. Unknown members are refused, so that a misspelt one is not silently
//! without effect; who said a fact, and how sure it is, matters to `docs/providers.md` alone.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub date: String,
    #[serde(rename = "about")]
    _about: Vec<String>,
    pub providers: Vec<Provider>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    Documented,
    SeenInCode,
    FromMemory,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    pub value: T,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Provider {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub demo: bool,
    pub categories: Vec<String>,
    pub dashboard: Fact<String>,
    pub base: Base,
    #[serde(default)]
    pub custom_host: bool,
    #[serde(default)]
    pub hosts: Vec<Host>,
    pub shapes: Vec<Shape>,
    pub auth: Auth,
    pub extra_headers: Option<Fact<BTreeMap<String, String>>>,
    pub test: Option<Test>,
    pub chat_path: Option<Fact<String>>,
    pub default_model: Option<Fact<String>>,
    pub forward: Forward,
    pub forbidden: Option<Fact<String>>,
    #[serde(default)]
    pub bad_if: Vec<Answer>,
    #[serde(default)]
    pub limited_if: Vec<Answer>,
    #[serde(default)]
    pub rest_if: Vec<Answer>,
    pub cors: Fact<String>,
    #[serde(rename = "notes", default)]
    _notes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    pub origin: String,
    pub path: String,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    pub name: Option<String>,
    pub origin: String,
    #[serde(default)]
    pub below: Vec<String>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    pub parts: Vec<Part>,
    #[serde(default)]
    pub plain: bool,
    #[serde(default)]
    pub loose: bool,
    #[serde(default)]
    pub mixed: bool,
    #[serde(default)]
    pub secondary: bool,
    pub refused: Option<Refused>,
    pub certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

/// `"sk-"`, `{"hex": 64}`, `{"word": [20, 200]}`, `{"word": [20]}` (no upper bound) or
/// `{"uuid": 36}`.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Part {
    Text(String),
    Run(BTreeMap<String, Length>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Length {
    Exact(u16),
    AtLeast([u16; 1]),
    Between([u16; 2]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub header: String,
    pub scheme: String,
    #[serde(default)]
    pub elsewhere: Vec<Elsewhere>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    pub below: String,
    pub header: String,
    pub scheme: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Test {
    pub method: String,
    pub origin: Option<String>,
    pub path: String,
    pub body: Option<serde_json::Value>,
    pub cost: String,
    #[serde(default)]
    pub accepted: Vec<u16>,
    #[serde(default)]
    pub limited: Vec<u16>,
    #[serde(default)]
    pub invalid: Vec<u16>,
    pub ok_only_if: Option<String>,
    pub advice: Option<String>,
    #[serde(rename = "note", default)]
    _note: Option<String>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Forward {
    pub below: Vec<String>,
    pub stateless: Vec<String>,
    #[serde(default)]
    pub encoded_slash_below: Vec<String>,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    pub contains: String,
    #[serde(rename = "certainty")]
    _certainty: Certainty,
    #[serde(rename = "source", default)]
    _source: Option<String>,
}

impl Part {
    /// The alphabet and the fewest and most characters of a run.
    pub fn run(&self) -> Option<(&str, u16, u16)> {
        let Self::Run(run) = self else { return None };
        let (class, length) = run.first_key_value().expect("a run names its alphabet");
        assert!(
            run.len() == 1,
            "a run names one alphabet, not {class} and others"
        );
        let (min, max) = match length {
            Length::Exact(n) => (*n, *n),
            Length::AtLeast([n]) => (*n, u16::MAX),
            Length::Between([min, max]) => (*min, *max),
        };
        Some((class, min, max))
    }
}

impl Shape {
    /// The text that the key begins with, if any.
    pub fn prefix(&self) -> &str {
        if let Some(Part::Text(text)) = self.parts.first() {
            text
        } else {
            ""
        }
    }

    /// How many characters are fixed.
    pub fn fixed(&self) -> usize {
        self.parts
            .iter()
            .map(|part| {
                if let Part::Text(text) = part {
                    text.len()
                } else {
                    0
                }
            })
            .sum()
    }

    /// How long such a key is at least.
    pub fn shortest(&self) -> usize {
        let runs = self
            .parts
            .iter()
            .filter_map(Part::run)
            .map(|(_, min, _)| usize::from(min));
        self.fixed() + runs.sum::<usize>()
    }

    pub fn is_from_memory(&self) -> bool {
        self.certainty == Certainty::FromMemory
    }
}
