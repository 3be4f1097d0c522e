//! What goes out: plain objects and arrays, `null` for what is absent.

use serde::ser::{Serialize, Serializer};

use super::error::{Failure, Outcome};
use crate::vault::Entry;

/// A value on its way to JavaScript. One type for all of them: serialising each of ours by itself would
/// cost kilobytes.
pub(super) enum Plain<'a> {
    Nothing,
    Text(&'a str),
    Flag(bool),
    Number(f64),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl<'a> Plain<'a> {
    /// A list of texts.
    pub(super) fn texts(texts: &'a [impl AsRef<str>]) -> Self {
        Self::List(texts.iter().map(|text| text.as_ref().into()).collect())
    }

    pub(super) fn entry(entry: &'a Entry) -> Self {
        let Entry {
            id,
            storage,
            display,
            damaged,
        } = entry;
        Self::Object(vec![
            ("id", id.as_str().into()),
            ("storage", (*storage).into()),
            ("provider", display.provider.as_str().into()),
            ("keyHint", display.key_hint.as_str().into()),
            ("label", display.label.as_deref().into()),
            ("isActive", Self::Flag(display.is_active)),
            ("priority", Self::Number(display.priority.into())),
            ("status", display.status.as_str().into()),
            ("statusDetail", display.status_detail.as_deref().into()),
            ("createdAt", display.created_at.as_str().into()),
            ("lastTestedAt", display.last_tested_at.as_deref().into()),
            ("lastUsedAt", display.last_used_at.as_deref().into()),
            ("expiresAt", display.expires_at.as_deref().into()),
            ("host", display.host.as_deref().into()),
            ("damaged", (*damaged).into()),
        ])
    }

    pub(super) fn to_js(&self) -> Outcome {
        let serializer = serde_wasm_bindgen::Serializer::json_compatible();
        self.serialize(&serializer)
            .map_err(|error| Failure::argument(error.to_string()))
    }
}

impl<'a> From<&'a str> for Plain<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Plain<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}
