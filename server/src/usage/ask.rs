//! What a request asks for, as far as counting it needs to know.

use bytes::Bytes;
use http::Method;
use keyseal::catalogue::Provider;
use keyseal::usage::{Ask as Counting, Request, Route};

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
    /// The most it can cost, in millionths of a dollar; none: unknown. The operator's key is lent
    /// for at least this much.
    pub most: Option<i64>,
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
        most: None,
    };
    let Some(body) = body.filter(|_| *method == Method::POST) else {
        return asked;
    };
    let request = Request::read(provider.id, path_and_query, body);
    asked.model = request.model.or(asked.model);
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
