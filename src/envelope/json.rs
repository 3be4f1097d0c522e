//! JSON as the profile wants it: duplicate members refused at every level, nothing ignored.

use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::MalformedJwe;

/// A JSON value, read strictly.
#[derive(Clone, PartialEq)]
pub(crate) enum Strict {
    /// `null`, or a number that is not whole: no member of ours is the latter.
    Other,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Strict>),
    /// An object.
    Object(Object),
}

/// A JSON object whose members are taken one by one; [`Object::end`] refuses what is left.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Object(Vec<(String, Strict)>);

impl Object {
    /// Reads one object and nothing after it. Refused: what is not JSON, not an object, or has a
    /// member twice.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, MalformedJwe> {
        let twice = Cell::new(false);
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let read = Reader { twice: &twice }.deserialize(&mut reader);
        match (read, reader.end()) {
            (Ok(Strict::Object(object)), Ok(())) if !twice.get() => Ok(object),
            _ => Err(MalformedJwe("not a JSON object with distinct members")),
        }
    }

    /// Takes a member out, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Option<Strict> {
        let at = self.0.iter().position(|(member, _)| member == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes a string member out.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Strict::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes a whole number out.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        match self.take(name)? {
            Strict::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// Takes a boolean out.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Strict::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// Takes an array out.
    pub(crate) fn array(&mut self, name: &str) -> Option<Vec<Strict>> {
        match self.take(name)? {
            Strict::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Takes an object out.
    pub(crate) fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name)? {
            Strict::Object(object) => Some(object),
            _ => None,
        }
    }

    /// True when every member was taken: what is left is a member that the profile does not know.
    pub(crate) fn end(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a value, and notes whether an object in it has a member twice. That is no error of the
/// parser's: making one of a text brings kilobytes that look in it for a place in the input.
struct Reader<'a> {
    twice: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Strict;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict::Other)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict::Boolean(value))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict::Other)
    }
    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict::Integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(i64::try_from(value).map_or(Strict::Other, Strict::Integer))
    }
    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        let Self { twice } = self;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Reader { twice })? {
            items.push(item);
        }
        Ok(Strict::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let Self { twice } = self;
        let mut members: Vec<(String, Strict)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.iter().any(|(member, _)| *member == name) {
                twice.set(true);
            }
            members.push((name, map.next_value_seed(Reader { twice })?));
        }
        Ok(Strict::Object(Object(members)))
    }
}

/// Writes a JSON object member by member, in the order given.
pub(crate) struct ObjectWriter(Vec<u8>);

impl ObjectWriter {
    /// Starts an object; `capacity` bytes are reserved, so that a secret is not moved about.
    pub(crate) fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(b'{');
        Self(bytes)
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.string(name);
        self.0.push(b':');
    }

    fn string(&mut self, value: &str) {
        // Writing a string to a Vec cannot fail.
        let _ = serde_json::to_writer(&mut self.0, value);
    }

    /// A string member.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.string(value);
        self
    }

    /// A string member; nothing when there is none.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A boolean member.
    pub(crate) fn boolean(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A whole-number member.
    pub(crate) fn integer(self, name: &str, value: i64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// A member that is an array of one string; nothing when there is none.
    pub(crate) fn only(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.name(name);
            self.0.push(b'[');
            self.string(value);
            self.0.push(b']');
        }
        self
    }

    /// The finished object, UTF-8.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    /// The finished object as text.
    pub(crate) fn end_text(self) -> String {
        String::from_utf8(self.end()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_member_twice_is_refused_at_any_level() {
        assert!(Object::parse(br#"{"a":1,"a":1}"#).is_err());
        assert!(Object::parse(br#"{"a":1,"\u0061":1}"#).is_err());
        assert!(Object::parse(br#"{"x":[{"a":1,"a":2}]}"#).is_err());
        assert!(Object::parse(br#"{"a":1,"b":1}"#).is_ok());
    }

    #[test]
    fn only_an_object_with_nothing_behind_it_is_read() {
        for text in ["[]", "1", "\"a\"", "", "{} {}", "{\"a\":1}x", "[\"a\"]"] {
            assert!(Object::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_deep_nest_is_refused_and_does_not_overflow() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Object::parse(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Object::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read_back(text in any::<String>(), number in any::<i64>()) {
            let json = ObjectWriter::new(0).text("t", &text).integer("n", number).only("o", Some(&text)).end();
            let mut object = Object::parse(&json).expect("our own JSON");
            prop_assert_eq!(object.text("t"), Some(text));
            prop_assert_eq!(object.integer("n"), Some(number));
            prop_assert!(!object.end());
            prop_assert!(object.array("o").is_some() && object.end());
        }
    }
}
