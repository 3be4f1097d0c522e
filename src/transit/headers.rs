//! Which headers cross, in either direction, by their names.

use std::sync::LazyLock;

use crate::catalogue;

/// Every header in which some provider takes a key, so that the caller's token, or a key that
/// somebody sends by mistake, never goes to any of them. There are a dozen.
static CREDENTIALS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names = Vec::new();
    for provider in catalogue::all() {
        let wire = &provider.wire;
        let elsewhere = wire.auth_elsewhere.iter().map(|(_, auth)| auth.header);
        for name in elsewhere.chain([wire.auth.header]) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
});

/// The names (lower case) in the values of `Connection`: RFC 9110, 7.6.1, the sender lists there the
/// headers that are for the next hop only.
///
/// ```
/// let named = keyseal::transit::named_by_connection(["close, X-Internal"]);
/// assert_eq!(named, ["close", "x-internal"]);
/// ```
#[must_use]
pub fn named_by_connection<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names = values.into_iter().flat_map(|list| list.split(','));
    names.map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// Whether a header of the caller's (lower case) goes on to a provider. What is between the caller
/// and us does not, nor anything in which a credential may stand.
///
/// ```
/// use keyseal::transit::is_kept_outward;
///
/// assert!(is_kept_outward("content-type") && !is_kept_outward("authorization"));
/// ```
#[must_use]
pub fn is_kept_outward(name: &str) -> bool {
    !(is_hop_by_hop(name)
        || is_credential(name)
        || is_client_address(name)
        || is_browsers_own(name)
        || is_override(name)
        || name.starts_with("keyseal-")
        // Set anew for the provider, from its URL and from the body that is sent.
        || matches!(name, "host" | "content-length" | "expect" | "accept-encoding"))
}

/// Whether a header of a provider's (lower case) goes on to the caller. What acts on our own origin
/// does not.
///
/// ```
/// use keyseal::transit::is_kept_inward;
///
/// assert!(is_kept_inward("retry-after") && !is_kept_inward("set-cookie"));
/// ```
#[must_use]
pub fn is_kept_inward(name: &str) -> bool {
    !(is_hop_by_hop(name)
        || name.starts_with("keyseal-")
        || name.starts_with("access-control-")
        || name.starts_with("content-security-policy")
        || name.starts_with("cross-origin-")
        || name.starts_with("sec-")
        || matches!(
            name,
            "age"
                | "alt-svc"
                | "clear-site-data"
                | "content-location"
                | "document-policy"
                | "expect-ct"
                | "expires"
                | "link"
                | "nel"
                | "origin-agent-cluster"
                | "origin-trial"
                | "permissions-policy"
                | "pragma"
                | "public-key-pins"
                | "referrer-policy"
                | "refresh"
                | "report-to"
                | "reporting-endpoints"
                | "service-worker-allowed"
                | "set-cookie"
                | "set-cookie2"
                | "set-login"
                | "sourcemap"
                | "speculation-rules"
                | "strict-transport-security"
                | "supports-loading-mode"
                | "tk"
                | "www-authenticate"
                | "x-sourcemap"
        ))
}

fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

fn is_credential(name: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        "authorization",
        "api-key",
        "apikey",
        "-token",
        "-secret",
        "-password",
    ];
    matches!(name, "cookie" | "cookie2")
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || CREDENTIALS.contains(&name)
}

fn is_client_address(name: &str) -> bool {
    name.starts_with("x-forwarded")
        || name.starts_with("cf-")
        || name.starts_with("fly-")
        || name.starts_with("x-envoy-")
        || matches!(
            name,
            "client-ip"
                | "fastly-client-ip"
                | "forwarded"
                | "true-client-ip"
                | "via"
                | "x-appengine-user-ip"
                | "x-azure-clientip"
                | "x-azure-socketip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-original-forwarded-for"
                | "x-original-host"
                | "x-real-ip"
                | "x-remote-addr"
                | "x-remote-ip"
        )
}

/// What a browser says about the page; some providers refuse callers that send it.
fn is_browsers_own(name: &str) -> bool {
    name.starts_with("sec-")
        || name.starts_with("access-control-")
        || matches!(
            name,
            "origin" | "referer" | "dnt" | "upgrade-insecure-requests"
        )
}

/// Headers by which some servers call another path or method than the one that was checked.
fn is_override(name: &str) -> bool {
    matches!(
        name,
        "x-http-method"
            | "x-http-method-override"
            | "x-method-override"
            | "x-original-uri"
            | "x-original-url"
            | "x-rewrite-url"
    )
}
