//! Where the caller's token stands: `Authorization`, or where an SDK puts its provider's key.

use http::HeaderMap;

/// Where SDKs that were not told better put the key they were given, in the order they are read.
pub const SDK_HEADERS: [&str; 5] = [
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "xi-api-key",
    "x-subscription-token",
];

/// The presented token: the first present place counts, even where another would be valid.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get("authorization") {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let known = ["bearer", "key", "token"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        return known.then(|| token.trim());
    }
    let value = SDK_HEADERS.iter().find_map(|name| headers.get(*name))?;
    value.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        parsed.collect()
    }

    #[test]
    fn each_scheme_and_each_sdk_header_is_read() {
        for value in ["Bearer t", "Key t", "Token t", "bearer  t"] {
            assert_eq!(
                token(&headers(&[("authorization", value)])),
                Some("t"),
                "{value}"
            );
        }
        for name in SDK_HEADERS {
            assert_eq!(token(&headers(&[(name, "t")])), Some("t"), "{name}");
        }
    }

    #[test]
    fn the_first_present_counts() {
        let both = headers(&[("x-api-key", "second"), ("authorization", "Bearer first")]);
        assert_eq!(token(&both), Some("first"));
        let broken = headers(&[("x-api-key", "second"), ("authorization", "Basic abc")]);
        assert_eq!(token(&broken), None);
    }
}
