//! What a request asks for, as far as counting it needs to know.

use bytes::Bytes;
use http::Method;
use keyseal::catalogue::Provider;
use keyseal::usage::{Ask as Counting, Kind, Request, Route, Usage};

use super::price;
use crate::clock::Micros;

/// Text takes fewer tokens than this lets it have, in most languages.
const BYTES_OF_A_TOKEN: u64 = 3;
/// So many tokens are held for an answer whose request sets no limit; what it takes beyond them is
/// counted when it is known.
const UNLIMITED_OUTPUT: u64 = 4096;

/// Read before the request is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Ask {
    /// What the request is for.
    pub route: Route,
    /// The model that the body or the path names.
    pub model: Option<String>,
    /// Whether the answer is to come as a stream.
    pub streams: bool,
    /// Whether the provider is to keep the answer in the account that asks.
    pub stores: bool,
    /// The counts were asked for on the caller's behalf: the caller does not get to see them.
    pub hide_counts: bool,
    /// How long the body is, where it was kept.
    pub bytes: u64,
    /// The most tokens that it lets the model answer with.
    pub most_output: Option<u64>,
}

impl Ask {
    /// What it will hardly cost more than, in millionths of a dollar; none: unknown. The operator's
    /// key is lent for at least this much.
    pub fn most(&self, provider: &'static str, at: Micros) -> Option<i64> {
        let model = self.model.as_deref();
        let usage = match self.route.kind {
            Kind::Chat | Kind::Gemini => Usage {
                input_tokens: Some(self.bytes / BYTES_OF_A_TOKEN),
                output_tokens: Some(self.most_output.unwrap_or(UNLIMITED_OUTPUT)),
                ..Usage::default()
            },
            Kind::Embeddings => Usage {
                input_tokens: Some(self.bytes / BYTES_OF_A_TOKEN),
                ..Usage::default()
            },
            _ => return None,
        };
        let cost = price::cost(provider, model, self.route.kind, &usage, at)?;
        Some(i64::try_from(cost.0).unwrap_or(i64::MAX))
    }
}

/// Reads a request to this path (a query may follow). `body` is all of it, where it was kept; what
/// is put in its place is sent instead.
pub fn ask(
    provider: &'static Provider,
    method: &Method,
    path_and_query: &str,
    body: Option<&mut Bytes>,
) -> Ask {
    let route = Route::of(provider.id, method.as_str(), path_and_query);
    let mut asked = Ask {
        model: route.model.clone(),
        route,
        streams: false,
        stores: false,
        hide_counts: false,
        bytes: 0,
        most_output: None,
    };
    let Some(body) = body.filter(|_| *method == Method::POST) else {
        return asked;
    };
    let request = Request::read(provider.id, path_and_query, body);
    asked.model = request.model.or(asked.model);
    asked.bytes = body.len() as u64;
    asked.most_output = request.most_output;
    asked.streams = request.streams;
    asked.stores = request.stores;
    if let Counting::Instead(bytes) = request.ask {
        *body = Bytes::from(bytes);
        asked.hide_counts = true;
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: Method, body: &'static str) -> (Ask, Bytes) {
        let openai = keyseal::catalogue::find("openai").expect("a provider");
        let mut body = Bytes::from_static(body.as_bytes());
        let ask = ask(openai, &method, "/v1/chat/completions", Some(&mut body));
        (ask, body)
    }

    #[test]
    fn model_and_stream_are_read_out_of_json_and_counts_are_asked_for() {
        let (asked, body) = read(Method::POST, r#"{"stream":true,"model":"gpt"}"#);
        assert_eq!((asked.model.as_deref(), asked.streams), (Some("gpt"), true));
        assert!(asked.hide_counts);
        let expected = r#"{"stream_options":{"include_usage":true},"stream":true,"model":"gpt"}"#;
        assert_eq!(body, expected);
    }

    #[test]
    fn what_a_request_may_cost_grows_with_its_length_and_with_what_it_lets_the_model_say() {
        /// 2026-11-01
        const AT: Micros = 1_793_491_200_000_000;
        let most = |body| read(Method::POST, body).0.most("openai", AT);
        // openai.com/api/pricing: gpt-4o, $2.50 and $10.00 for a million tokens.
        let short = most(r#"{"model":"gpt-4o","max_tokens":1000}"#);
        assert_eq!(short, Some(12 * 25 / 10 + 10_000));
        let twice = most(r#"{"model":"gpt-4o","n":2,"max_completion_tokens":1000}"#);
        assert!(twice > Some(20_000), "{twice:?}");
        let unlimited = most(r#"{"model":"gpt-4o"}"#);
        assert!(
            unlimited > Some(40_000) && unlimited < Some(41_100),
            "{unlimited:?}"
        );
        assert_eq!(
            most(r#"{"model":"nobody-knows-it","max_tokens":1000}"#),
            None
        );
    }

    #[test]
    fn what_is_no_json_or_no_post_stays_as_it_is() {
        for (method, text) in [
            (Method::POST, "--boundary\r\n"),
            (Method::POST, r#"{"model":7}"#),
            (Method::PUT, r#"{"stream":true,"model":"gpt"}"#),
        ] {
            let (asked, body) = read(method, text);
            assert_eq!((asked.model, asked.hide_counts), (None, false));
            assert_eq!(body, text);
        }
    }
}
