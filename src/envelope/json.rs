//! JSON as the profile wants it: duplicate members refused at every level, nothing ignored.

use super::error::MalformedJwe;

/// The deepest nest that is read; the profile's own are four deep.
const MAX_DEPTH: u8 = 32;

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
        let mut reader = Reader { bytes, at: 0 };
        reader.space();
        let value = reader.value(MAX_DEPTH);
        reader.space();
        match value {
            Some(Strict::Object(object)) if reader.peek().is_none() => Ok(object),
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

/// Reads JSON (RFC 8259) with no more than one pass and one copy of each string.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Steps over `byte`, if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over white space, `byte` and white space again.
    fn mark(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.takes(byte);
        self.space();
        found
    }

    fn word(&mut self, word: &str, value: Strict) -> Option<Strict> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self, depth: u8) -> Option<Strict> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.string().map(Strict::Text),
            b'{' => self.object(depth).map(Strict::Object),
            b'[' => self.array(depth).map(Strict::Array),
            b'n' => self.word("null", Strict::Other),
            b't' => self.word("true", Strict::Boolean(true)),
            b'f' => self.word("false", Strict::Boolean(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u8) -> Option<Object> {
        let mut members: Vec<(String, Strict)> = Vec::new();
        self.mark(b'{');
        if self.takes(b'}') {
            return Some(Object(members));
        }
        loop {
            let name = self.string()?;
            if members.iter().any(|(member, _)| *member == name) || !self.mark(b':') {
                return None;
            }
            members.push((name, self.value(depth)?));
            if !self.mark(b',') {
                return self.takes(b'}').then_some(Object(members));
            }
        }
    }

    fn array(&mut self, depth: u8) -> Option<Vec<Strict>> {
        let mut items = Vec::new();
        self.mark(b'[');
        if self.takes(b']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            if !self.mark(b',') {
                return self.takes(b']').then_some(items);
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if !self.takes(b'"') {
            return None;
        }
        let mut text = Vec::new();
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'"' | b'\\' | ..=0x1f) {
                self.at += 1;
            }
            text.extend_from_slice(&self.bytes[start..self.at]);
            match self.next()? {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let character = self.escape()?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                // A pair of surrogates is one character; a surrogate alone is none.
                if first & 0xfc00 == 0xd800 && self.takes(b'\\') && self.takes(b'u') {
                    let second = self.unit()?;
                    if second & 0xfc00 != 0xdc00 {
                        return None;
                    }
                    char::from_u32(0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff))?
                } else {
                    char::from_u32(first)?
                }
            }
            other @ (b'"' | b'\\' | b'/') => char::from(other),
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | char::from(self.next()?).to_digit(16)?;
        }
        Some(unit)
    }

    /// A number; whole ones that fit are read, of others only the spelling is checked.
    fn number(&mut self) -> Option<Strict> {
        let negative = self.takes(b'-');
        let start = self.at;
        // Below zero, where there is one more.
        let mut value = Some(0_i64);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            value =
                value.and_then(|value| value.checked_mul(10)?.checked_sub(i64::from(digit - b'0')));
        }
        let digits = self.at - start;
        if digits == 0 || digits > 1 && self.bytes[start] == b'0' {
            return None;
        }
        let mut whole = true;
        if self.takes(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            whole = false;
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let value = match negative {
            // What is written -0 is no whole number.
            true => value.filter(|value| *value != 0),
            false => value.and_then(i64::checked_neg),
        };
        Some(match value {
            Some(value) if whole => Strict::Integer(value),
            _ => Strict::Other,
        })
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// An array of values that are JSON already.
pub(crate) fn list(items: &[String]) -> String {
    ["[", &items.join(","), "]"].concat()
}

const HEX: &[u8; 16] = b"0123456789abcdef";

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
        self.0.push(b'"');
        let mut rest = value.as_bytes();
        while let Some(at) = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f))
        {
            self.0.extend_from_slice(&rest[..at]);
            let byte = rest[at];
            let short = match byte {
                0x08 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                0x0c => b'f',
                b'\r' => b'r',
                other => other,
            };
            if short > 0x1f {
                self.0.extend_from_slice(&[b'\\', short]);
            } else {
                let digit = HEX[usize::from(byte & 15)];
                self.0
                    .extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
            }
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
        self.0.push(b'"');
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

    /// A string member; `null` when there is none.
    pub(crate) fn nullable(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// A member that is an array of strings.
    pub(crate) fn texts(mut self, name: &str, values: &[impl AsRef<str>]) -> Self {
        self.name(name);
        self.0.push(b'[');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            self.string(value.as_ref());
        }
        self.0.push(b']');
        self
    }

    /// A boolean member.
    pub(crate) fn boolean(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A whole-number member.
    pub(crate) fn integer(self, name: &str, value: i64) -> Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        self.bytes(name, &digits[at..])
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(self, name: &str, json: &str) -> Self {
        self.bytes(name, json.as_bytes())
    }

    fn bytes(mut self, name: &str, json: &[u8]) -> Self {
        self.name(name);
        self.0.extend_from_slice(json);
        self
    }

    /// A member that is an array of one string; nothing when there is none.
    pub(crate) fn only(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.texts(name, &[value]),
            None => self,
        }
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
    use core::fmt;
    use proptest::prelude::*;
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

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

    /// What another reader makes of the same bytes, by the same rules.
    struct Other(Strict);

    impl<'de> Deserialize<'de> for Other {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Visit).map(Self)
        }
    }

    struct Visit;

    impl<'de> Visitor<'de> for Visit {
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
            let mut items = Vec::new();
            while let Some(Other(item)) = seq.next_element()? {
                items.push(item);
            }
            Ok(Strict::Array(items))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
            let mut members: Vec<(String, Strict)> = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                if members.iter().any(|(member, _)| *member == name) {
                    return Err(A::Error::custom("a member twice"));
                }
                members.push((name, map.next_value::<Other>()?.0));
            }
            Ok(Strict::Object(Object(members)))
        }
    }

    fn by_serde_json(bytes: &[u8]) -> Option<Object> {
        match serde_json::from_slice(bytes) {
            Ok(Other(Strict::Object(object))) => Some(object),
            _ => None,
        }
    }

    /// JSON in all its spellings, and what is nearly JSON.
    fn nearly_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "(null|true|false|nul|True|\"\"|-|\\+1|0x1|\\.5|NaN)",
            "-?[0-9]{1,21}",
            "-?[0-9]{1,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]?)?",
            r#""([ -~é漢😀]|\\["\\/bfnrtuax']|\\u[0-9a-fA-F]{4}|\\ud[89a-f][0-9a-f]{2}){0,6}""#,
        ];
        let space = "[ \t\n\r]{0,2}";
        let name = prop_oneof!["\"[a-d]{1,2}\"", Just(String::from(r#""\u0061""#))];
        let nest = leaf.prop_recursive(4, 24, 4, move |inner| {
            let member = (name.clone(), space, inner.clone())
                .prop_map(|(name, space, value)| format!("{space}{name}{space}:{space}{value}"));
            prop_oneof![
                proptest::collection::vec(member, 0..4)
                    .prop_map(|members| format!("{{{}}}", members.join(","))),
                (proptest::collection::vec(inner, 0..4), space)
                    .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(","))),
            ]
        });
        (nest, space).prop_map(|(value, space)| format!("{space}{{\"a\":{value}}}{space}"))
    }

    /// Another byte somewhere. No exponent where there was none: serde_json refuses numbers that no
    /// float holds, which say nothing to us.
    fn change() -> impl Strategy<Value = (proptest::sample::Index, u8)> {
        let byte = any::<u8>().prop_filter("an exponent", |byte| !matches!(byte, b'e' | b'E'));
        (any::<proptest::sample::Index>(), byte)
    }

    proptest! {
        #[test]
        fn another_reader_reads_the_same(
            text in nearly_json(),
            change in proptest::option::weighted(0.3, change()),
        ) {
            if let Some((at, byte)) = change {
                let mut bytes = text.into_bytes();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                prop_assert!(Object::parse(&bytes).ok() == by_serde_json(&bytes));
            } else {
                let read = Object::parse(text.as_bytes()).ok();
                prop_assert!(read == by_serde_json(text.as_bytes()), "{text}");
            }
        }

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

        #[test]
        fn strings_are_written_as_another_writer_does(text in ".*|[\\x00-\\x7f]{0,20}") {
            let json = ObjectWriter::new(0).text("t", &text).end_text();
            prop_assert_eq!(json, format!("{{\"t\":{}}}", serde_json::Value::from(text)));
        }
    }
}
