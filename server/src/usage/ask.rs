//! What a request asks for, as far as counting it needs to know.

use bytes::Bytes;
use keyseal::catalogue::Provider;
use serde::Deserialize;

/// Read before the request is sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The model that the body names.
    pub model: Option<String>,
    /// Whether the answer is to come as a stream.
    pub streams: bool,
    /// The most it can cost, in millionths of a dollar; none: unknown. The operator's key is lent
    /// for at least this much.
    pub most: Option<i64>,
}

#[derive(Deserialize)]
struct Named {
    model: Option<String>,
    #[serde(default)]
    stream: bool,
}

/// Reads a request to this path. `body` is all of it, where it was kept; what is put in its place is
/// sent instead.
pub fn ask(_provider: &'static Provider, _path: &str, body: Option<&mut Bytes>) -> Ask {
    let named = body.and_then(|body| serde_json::from_slice::<Named>(body).ok());
    named.map_or_else(Ask::default, |named| Ask {
        model: named.model,
        streams: named.stream,
        most: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static str) -> Ask {
        let openai = keyseal::catalogue::find("openai").expect("a provider");
        let mut body = Bytes::from_static(body.as_bytes());
        ask(openai, "/v1/chat/completions", Some(&mut body))
    }

    #[test]
    fn model_and_stream_are_read_out_of_json() {
        let asked = read(r#"{"stream":true,"messages":[{"content":"x"}],"model":"gpt"}"#);
        assert_eq!((asked.model.as_deref(), asked.streams), (Some("gpt"), true));
        assert_eq!(read("--boundary\r\n"), Ask::default());
        assert_eq!(read(r#"{"model":7}"#), Ask::default());
    }
}
