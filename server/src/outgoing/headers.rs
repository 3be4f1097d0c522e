//! Which headers cross the companion, in either direction.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use keyseal::transit::{is_kept_inward, is_kept_outward, named_by_connection};

/// The headers of a request as they go to a provider: the caller's, without what is between the
/// caller and the companion.
pub fn outward(inbound: HeaderMap) -> HeaderMap {
    let mut out = without(inbound, is_kept_outward);
    // Scrubbing and metering read what comes back.
    out.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    out
}

/// The headers of a response as they go to the caller: the provider's, without what acts on our
/// own origin, and with what keeps the answer from being cached or run there.
pub fn inward(upstream: HeaderMap) -> HeaderMap {
    let mut out = without(upstream, is_kept_inward);
    // At once for those that follow, here and at the door.
    out.reserve(8);
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    out.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    out.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    out
}

fn without(mut headers: HeaderMap, kept: impl Fn(&str) -> bool) -> HeaderMap {
    let connection = headers.get_all(header::CONNECTION).iter();
    let named = named_by_connection(connection.filter_map(|value| value.to_str().ok()));
    let goes_on = |name: &str| kept(name) && !named.iter().any(|hop| hop == name);
    let left: Vec<HeaderName> = headers
        .keys()
        .filter(|name| !goes_on(name.as_str()))
        .cloned()
        .collect();
    for name in left {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(
                name.parse::<HeaderName>().expect("a name"),
                value.parse().expect("a value"),
            );
        }
        map
    }

    #[test]
    fn nothing_between_caller_and_companion_goes_out() {
        for name in [
            "authorization",
            "proxy-authorization",
            "x-api-key",
            "x-goog-api-key",
            "api-key",
            "xi-api-key",
            "x-subscription-token",
            "x-key",
            "x-hume-api-key",
            "x-gladia-key",
            "x-auth-token",
            "x-csrf-token",
            "x-amz-security-token",
            "cf-aig-authorization",
            "cookie",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "proxy-connection",
            "http2-settings",
            "host",
            "content-length",
            "expect",
            "x-forwarded-for",
            "x-forwarded-host",
            "forwarded",
            "x-real-ip",
            "cf-connecting-ip",
            "true-client-ip",
            "via",
            "fly-client-ip",
            "x-client-ip",
            "keyseal-session",
            "keyseal-key",
            "keyseal-entry",
            "keyseal-fallback",
            "keyseal-anything",
            "origin",
            "referer",
            "sec-fetch-site",
            "sec-ch-ua",
            "sec-websocket-key",
            "access-control-request-headers",
            "x-http-method-override",
            "x-original-url",
            "x-rewrite-url",
        ] {
            let out = outward(map(&[(name, "canary")]));
            assert!(!out.values().any(|value| value == "canary"), "{name}");
        }
    }

    #[test]
    fn what_an_api_reads_goes_out_unchanged() {
        let kept = [
            ("content-type", "multipart/form-data; boundary=x"),
            ("accept", "text/event-stream"),
            ("user-agent", "OpenAI/JS 5.0"),
            ("x-stainless-lang", "js"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("openai-organization", "org-1"),
            ("idempotency-key", "k-1"),
            ("range", "bytes=0-9"),
            ("if-none-match", "\"x\""),
            ("x-request-id", "r"),
            ("http-referer", "https://app"),
            ("content-encoding", "gzip"),
            ("traceparent", "00-1"),
        ];
        let mut expected = map(&kept);
        expected.insert("accept-encoding", HeaderValue::from_static("identity"));
        let mut sent = kept.to_vec();
        sent.push(("accept-encoding", "gzip, br"));
        assert_eq!(outward(map(&sent)), expected);
    }

    #[test]
    fn headers_that_connection_names_stay_behind_in_both_directions() {
        let sent = map(&[
            ("connection", "close, X-Internal"),
            ("connection", "x-other"),
            ("x-internal", "1"),
            ("x-other", "2"),
            ("x-third", "3"),
        ]);
        for out in [outward(sent.clone()), inward(sent)] {
            assert!(out.get("x-internal").is_none());
            assert!(out.get("x-other").is_none());
            assert_eq!(out["x-third"], "3");
        }
    }

    #[test]
    fn nothing_that_acts_on_our_origin_comes_in() {
        for name in [
            "set-cookie",
            "clear-site-data",
            "strict-transport-security",
            "alt-svc",
            "service-worker-allowed",
            "refresh",
            "link",
            "report-to",
            "reporting-endpoints",
            "nel",
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "content-security-policy-report-only",
            "cross-origin-opener-policy",
            "www-authenticate",
            "keyseal-served-by",
            "keyseal-error",
            "transfer-encoding",
            "connection",
            "pragma",
            "expires",
            "permissions-policy",
            "sourcemap",
            "content-location",
        ] {
            let out = inward(map(&[(name, "canary")]));
            assert!(!out.values().any(|value| value == "canary"), "{name}");
        }
    }

    #[test]
    fn answers_are_neither_cached_nor_run_on_our_origin() {
        let out = inward(map(&[
            ("cache-control", "public, max-age=9"),
            ("content-security-policy", "x"),
            ("x-content-type-options", "x"),
            ("content-type", "text/html"),
            ("x-ratelimit-remaining", "7"),
            ("retry-after", "3"),
            ("content-length", "5"),
        ]));
        assert_eq!(out["cache-control"], "private, no-store");
        assert_eq!(out["x-content-type-options"], "nosniff");
        assert_eq!(
            out["content-security-policy"],
            "sandbox; default-src 'none'"
        );
        assert_eq!(out["x-ratelimit-remaining"], "7");
        assert_eq!(out["retry-after"], "3");
        assert_eq!(out["content-length"], "5");
        assert_eq!(out.len(), 7);
    }
}
