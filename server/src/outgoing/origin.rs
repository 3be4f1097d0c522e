//! Where a provider lives.

use http::Uri;
use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use url::Url;

use crate::config::hosts::split;

/// Scheme, host and port, and a path that is put in front of every request's.
#[derive(Clone, Debug)]
pub struct Origin {
    scheme: Scheme,
    authority: Authority,
    /// Empty, or `/gateway`: no slash at the end.
    base: String,
}

impl Origin {
    /// Reads a URL that has neither query nor user name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_url(&Url::parse(text).ok()?)
    }

    /// As [`Origin::parse`].
    pub fn from_url(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return None,
        };
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|host| bare && !host.is_empty())?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Some(Self {
            scheme,
            authority: authority.parse().ok()?,
            base: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// `https` at this host, no path in front: a host that is sealed into a key.
    pub fn at_host(host: &str) -> Option<Self> {
        let authority: Authority = host.parse().ok()?;
        Some(Self {
            scheme: Scheme::HTTPS,
            authority,
            base: String::new(),
        })
    }

    /// Whether this is the host of a `host` or `host:port`; port 443 unless named.
    pub fn is_at(&self, host: &str) -> bool {
        let default = if self.is_plain() { 80 } else { 443 };
        let own = (
            self.authority.host(),
            self.authority.port_u16().unwrap_or(default),
        );
        split(host) == Some(own)
    }

    /// The name that a certificate of it is for; none where nobody else could speak TLS with it:
    /// plain http, an address, or a path that has to be put in front.
    pub fn tls_name(&self) -> Option<&str> {
        let host = self.authority.host();
        let is_name = !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err();
        (is_name && !self.is_plain() && self.base.is_empty()).then_some(host)
    }

    /// Whether requests go there without TLS.
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// The URL of a path (and query) below this origin.
    pub fn uri(&self, path_and_query: &str) -> Result<Uri, InvalidUri> {
        let whole = if self.base.is_empty() {
            PathAndQuery::try_from(path_and_query)?
        } else {
            PathAndQuery::from_maybe_shared(format!("{}{path_and_query}", self.base))?
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(whole);
        Ok(Uri::from_parts(parts).expect("scheme, authority and path make a URI"))
    }

    /// Reads a `Location` that came in answer to `path`: the path and query below this origin, or
    /// `None` if it leads anywhere else.
    pub fn locate(&self, path: &str, location: &str) -> Option<String> {
        let own = Url::parse(&format!(
            "{}://{}{}",
            self.scheme, self.authority, self.base
        ))
        .ok()?;
        let asked = Url::parse(&format!(
            "{}://{}{}{path}",
            self.scheme, self.authority, self.base
        ))
        .ok()?;
        let target = asked.join(location).ok()?;
        let same = target.origin() == own.origin()
            && target.username().is_empty()
            && target.password().is_none();
        let below = target
            .path()
            .strip_prefix(&*self.base)
            .filter(|rest| rest.starts_with('/'));
        let path = below.filter(|_| same)?;
        Some(match target.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_origin_is_put_in_front() {
        let gateway = Origin::parse("https://gw.example.com:8443/openai/").expect("an origin");
        let uri = gateway.uri("/v1/models?limit=1").expect("a URI");
        assert_eq!(uri, "https://gw.example.com:8443/openai/v1/models?limit=1");
        assert!(gateway.is_at("gw.example.com:8443") && !gateway.is_at("gw.example.com"));
        let plain = Origin::parse("https://api.example.com").expect("an origin");
        assert_eq!(
            plain.uri("/v1/x").expect("a URI"),
            "https://api.example.com/v1/x"
        );
    }

    #[test]
    fn a_path_never_moves_the_host() {
        let origin = Origin::parse("https://api.example.com").expect("an origin");
        for path in [
            ".evil.example/x",
            "@evil.example/x",
            ":99/x",
            "//evil.example/x",
            "/\\evil.example",
        ] {
            if let Ok(uri) = origin.uri(path) {
                assert_eq!(uri.host(), Some("api.example.com"), "{path}");
                assert_eq!(uri.port(), None, "{path}");
            }
        }
    }

    #[test]
    fn only_plain_origins_are_read() {
        for text in [
            "ftp://x.example",
            "https://u:p@x.example",
            "https://x.example/?q",
            "https://x.example/#f",
            "x.example",
            "",
        ] {
            assert!(Origin::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn locations_within_the_origin_become_paths_below_it() {
        let origin = Origin::parse("https://api.example.com").expect("an origin");
        for (location, expected) in [
            ("/v1/other", "/v1/other"),
            ("other?x=1", "/v1/other?x=1"),
            ("https://api.example.com/v1/y", "/v1/y"),
            ("https://API.example.com:443/v1/y", "/v1/y"),
            ("//api.example.com/z", "/z"),
            ("../up", "/up"),
            ("https://api.example.com", "/"),
        ] {
            assert_eq!(
                origin.locate("/v1/files", location).as_deref(),
                Some(expected),
                "{location}"
            );
        }
    }

    #[test]
    fn locations_elsewhere_lead_nowhere() {
        let origin = Origin::parse("https://api.example.com/gw").expect("an origin");
        for location in [
            "https://evil.example/gw/v1",
            "http://api.example.com/gw/v1",
            "//evil.example/gw/x",
            "https://api.example.com:8443/gw/x",
            "https://api.example.com@evil.example/gw/x",
            "https://u@api.example.com/gw/x",
            "\\\\evil.example/gw/x",
            "/elsewhere",
            "../../other",
            "javascript:alert(1)",
            "data:,x",
            "https://",
            "/gwen/x",
        ] {
            assert_eq!(origin.locate("/v1/files", location), None, "{location}");
        }
        assert_eq!(
            origin.locate("/v1/files", "/gw/v1/x").as_deref(),
            Some("/v1/x")
        );
    }
}
