//! The body of a call: only its model is looked at and changed, the rest stays as it was written.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use serde_json::value::{RawValue, to_raw_value};

use super::super::forward::{Held, piece};
use super::super::{Code, Problem};

/// It is held whole, so it is shorter than what forward lets through. Images fit.
const MOST: usize = 32 * 1024 * 1024;

/// A JSON object with a model.
pub struct Asking {
    model: String,
    members: BTreeMap<String, Box<RawValue>>,
    held: Held,
}

/// A body, and its part of the memory that all share.
struct Whole {
    bytes: Vec<u8>,
    _held: Held,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Asking {
    /// Reads it all, from a caller who does not stop for longer than `patience`.
    pub async fn read(body: Body, limit: usize, patience: Duration) -> Result<Self, Problem> {
        Self::read_within(body, limit, patience, Held::none()).await
    }

    async fn read_within(
        mut body: Body,
        limit: usize,
        patience: Duration,
        mut held: Held,
    ) -> Result<Self, Problem> {
        let most = limit.min(MOST);
        let mut whole = BytesMut::new();
        while let Some(data) = piece(&mut body, patience).await? {
            if whole.len() + data.len() > most {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("The body is larger than the {most} bytes that are read here."),
                ));
            }
            if !held.grow(whole.len() + data.len()) {
                return Err(no_room());
            }
            whole.extend_from_slice(&data);
        }
        Self::parse(&whole, held)
    }

    fn parse(text: &[u8], held: Held) -> Result<Self, Problem> {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text)
            .map_err(|_| Problem::validation("The body must be a JSON object."))?;
        let model = members.get("model");
        let model = model.and_then(|model| serde_json::from_str(model.get()).ok());
        Ok(Self {
            model: model.ok_or_else(|| Problem::validation("`model` must be a string."))?,
            members,
            held,
        })
    }

    /// The model, as it was asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The same under the provider's own name of the model.
    pub fn under(mut self, model: &str) -> Result<Bytes, Problem> {
        let name = to_raw_value(model).map_err(|_| Problem::validation("`model` is no name."))?;
        self.members.insert("model".to_owned(), name);
        let bytes = serde_json::to_vec(&self.members)
            .map_err(|_| Problem::validation("The body must be a JSON object."))?;
        Ok(Bytes::from_owner(Whole {
            bytes,
            _held: self.held,
        }))
    }
}

/// A body that is read here cannot go on piece by piece, as forward's do when there is no room.
fn no_room() -> Problem {
    let detail = "The companion holds as many long bodies as it can at this moment.";
    Problem::new(Code::Unavailable, detail)
        .next("Try again in a moment, or send it below /forward, where long bodies pass in pieces.")
        .retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::super::super::forward::Room;
    use super::*;

    fn parse(text: &str) -> Result<Asking, Problem> {
        Asking::parse(text.as_bytes(), Held::none())
    }

    #[test]
    fn nothing_but_the_model_changes() {
        let text = r#"{"max_tokens": 1.50, "messages":[ {"content":"\u00e9 😀"} ], "model":"openai/gpt", "seed": 12345678901234567890123}"#;
        let asking = parse(text).expect("a body");
        assert_eq!(asking.model(), "openai/gpt");
        let out = asking.under("gpt").expect("a body");
        assert_eq!(
            std::str::from_utf8(&out).expect("text"),
            r#"{"max_tokens":1.50,"messages":[ {"content":"\u00e9 😀"} ],"model":"gpt","seed":12345678901234567890123}"#
        );
    }

    #[test]
    fn one_model_goes_out_though_two_came_in() {
        let asking = parse(r#"{"model":"openai/a","model":"groq/b"}"#).expect("a body");
        let (model, out) = (
            asking.model().to_owned(),
            asking.under("b").expect("a body"),
        );
        assert_eq!(model, "groq/b");
        assert_eq!(&out[..], br#"{"model":"b"}"#);
    }

    #[test]
    fn what_has_no_model_is_refused() {
        for text in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"model":7}"#,
            r#"{"model":null}"#,
            "{\"model\"",
        ] {
            let refused = parse(text).err().expect(text);
            assert_eq!(refused.code, Code::Validation, "{text}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_not_read_on() {
        let endless = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 1024]))
        });
        let patience = Duration::from_secs(30);
        let read = Asking::read(Body::from_stream(endless), 10_000, patience).await;
        assert_eq!(read.err().expect("a refusal").code, Code::TooLarge);
    }
    #[tokio::test]
    async fn long_bodies_share_their_memory_until_they_have_gone() {
        static ROOM: Room = Room::of(200_000);
        let read = async |length: usize| {
            let text = format!(r#"{{"model":"a/b","x":"{}"}}"#, "x".repeat(length));
            let patience = Duration::from_secs(30);
            Asking::read_within(Body::from(text), MOST, patience, Held::none_of(&ROOM)).await
        };
        let first = read(150_000).await.expect("there is room");
        let whole = first.under("b").expect("a body");
        let sent = whole.slice(10..20);
        drop(whole);
        let refused = read(150_000).await.err().expect("no room");
        assert_eq!(refused.code, Code::Unavailable);
        assert!(refused.retry_after.is_some());
        assert!(read(1_000).await.is_ok(), "short ones always");
        drop(sent);
        assert!(read(150_000).await.is_ok(), "given back");
    }
}
