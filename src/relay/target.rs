//! Which server a connection is for.

use rustls::pki_types::ServerName;

use super::error::RelayError;
use crate::catalogue::{self, Host, Provider, TestCall};
use crate::envelope::KeyClaims;
use crate::transit::{self, PathRefused};

/// A provider, and the host that its catalogue or an entry names.
#[derive(Debug)]
pub struct Target {
    pub(super) provider: &'static Provider,
    /// Another of its hosts, which is asked for by name.
    named: Option<&'static Host>,
    /// The host that is sealed into the entry.
    sealed: Option<String>,
    /// `host` or `host:port`.
    authority: String,
    pub(super) server: ServerName<'static>,
    /// Whether the host is the user's own: no provider's of the catalogue.
    pub(super) custom: bool,
}

impl Target {
    /// Where requests for `provider` (`openai`, `fal:queue`) go with the key of these claims.
    pub(crate) fn of(provider: &str, claims: &KeyClaims) -> Result<Self, RelayError> {
        let (id, name) = match provider.split_once(':') {
            Some((id, name)) => (id, Some(name)),
            None => (provider, None),
        };
        let provider = catalogue::find(id).ok_or(RelayError::Provider)?;
        if claims.provider != provider.id {
            return Err(RelayError::Host("The entry is for another provider."));
        }
        let hosts = provider.wire.hosts.iter();
        let named = match name {
            Some(_) => Some(
                hosts
                    .clone()
                    .find(|host| host.name == name)
                    .ok_or(RelayError::Provider)?,
            ),
            None => None,
        };
        let own = named.map_or(provider.wire.origin, |host| host.origin);
        let sealed = claims.host.clone();
        let authority = match sealed.as_deref() {
            Some(sealed) => sealed.strip_suffix(":443").unwrap_or(sealed),
            None => authority_of(own),
        };
        let regions = hosts.filter(|host| host.is_region());
        let mut known = [own].into_iter().chain(regions.map(|host| host.origin));
        if named.is_some() && !known.any(|origin| authority_of(origin) == authority) {
            return Err(RelayError::Host(
                "A host of one's own does not have the provider's other hosts.",
            ));
        }
        let authority = authority.to_owned();
        let name = authority.split(':').next().unwrap_or_default().to_owned();
        let server = ServerName::try_from(name).ok();
        let server = server.filter(|server| matches!(server, ServerName::DnsName(_)));
        Ok(Self {
            provider,
            named,
            server: server.ok_or(RelayError::Host(
                "The provider has no host of its own, and the entry names none.",
            ))?,
            custom: !is_a_providers(&authority),
            sealed,
            authority,
        })
    }

    /// Whether a key of these claims goes to the same place.
    pub(super) fn takes(&self, claims: &KeyClaims) -> bool {
        claims.provider == self.provider.id && claims.host == self.sealed
    }

    /// `host` or `host:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What stands for it in a path of the companion: `fal`, or `fal:queue`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.named.and_then(|host| host.name) {
            Some(host) => [self.provider.id, ":", host].concat(),
            None => self.provider.id.to_owned(),
        }
    }

    /// The companion's path for this target: `/relay/openai`.
    #[must_use]
    pub fn relay_path(&self) -> String {
        let path = ["/relay/", &self.name()].concat();
        match &self.sealed {
            // Of what a host holds, only the colon means something in a query.
            Some(host) => [&path, "?host=", &host.replace(':', "%3A")].concat(),
            None => path,
        }
    }

    /// Whether this request goes out: by its path, or as the catalogue's own test.
    pub(super) fn check(&self, method: &str, path_and_query: &str) -> Result<(), PathRefused> {
        let test = test_call(self.provider);
        if test.is_some_and(|test| (test.method, test.path) == (method, path_and_query)) {
            return Ok(());
        }
        let path = path_and_query.split('?').next().unwrap_or_default();
        transit::check_path(self.provider, self.named, path)
    }

    /// The path and query of a `Location`, if it leads to this very place.
    pub(super) fn locate<'a>(&self, location: &'a str) -> Option<&'a str> {
        let below = match location.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, below) = rest.split_at(end);
                let authority = authority.strip_suffix(":443").unwrap_or(authority);
                authority
                    .eq_ignore_ascii_case(&self.authority)
                    .then_some(below)?
            }
            _ => location,
        };
        // `//` and `/\` begin another host's name for a browser.
        let path = below.starts_with('/') && !below.starts_with("//") && !below.contains('\\');
        path.then_some(below)
    }
}

/// The cheapest call that tells a good key from a bad one, if the provider's own host answers it and
/// the key stands in its usual header.
#[must_use]
pub fn test_call(provider: &Provider) -> Option<&TestCall> {
    let call = provider.wire.test.as_ref();
    let own = |call: &&TestCall| {
        let elsewhere = call
            .origin
            .is_some_and(|origin| origin != provider.wire.origin);
        !elsewhere && call.body.is_none_or(|body| !body.contains("{key}"))
    };
    call.filter(own)
}

fn authority_of(origin: &str) -> &str {
    origin.strip_prefix("https://").unwrap_or_default()
}

/// Whether a host is one of the catalogue's, of whatever provider: nobody else vouches for it than
/// the authorities that are compiled in.
fn is_a_providers(authority: &str) -> bool {
    let name = authority.split(':').next().unwrap_or_default();
    catalogue::all().iter().any(|provider| {
        let wire = &provider.wire;
        let others = wire.hosts.iter().map(|host| host.origin);
        others
            .chain([wire.origin])
            .any(|origin| authority_of(origin).split(':').next() == Some(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Secret;

    fn target(name: &str, provider: &str, host: Option<&str>) -> Result<Target, RelayError> {
        let claims = KeyClaims {
            key: Secret::new("sk-test".into()),
            provider: provider.into(),
            sub: "ada".into(),
            rid: "entry".into(),
            iat: 0,
            host: host.map(Into::into),
        };
        Target::of(name, &claims)
    }

    #[test]
    fn the_server_is_the_catalogues_or_the_one_sealed_into_the_entry() {
        for (name, provider, host, authority, path, custom) in [
            (
                "openai",
                "openai",
                None,
                "api.openai.com",
                "/relay/openai",
                false,
            ),
            (
                "fal:queue",
                "fal",
                None,
                "queue.fal.run",
                "/relay/fal:queue",
                false,
            ),
            (
                "bfl",
                "bfl",
                Some("api.eu.bfl.ai"),
                "api.eu.bfl.ai",
                "/relay/bfl?host=api.eu.bfl.ai",
                false,
            ),
            (
                "azure_openai",
                "azure_openai",
                Some("my.openai.azure.com:443"),
                "my.openai.azure.com",
                "/relay/azure_openai?host=my.openai.azure.com%3A443",
                true,
            ),
            (
                "openai",
                "openai",
                Some("localhost:8443"),
                "localhost:8443",
                "/relay/openai?host=localhost%3A8443",
                true,
            ),
            // Another provider's host, on whatever port, is not the user's own.
            (
                "openai",
                "openai",
                Some("api.anthropic.com:8443"),
                "api.anthropic.com:8443",
                "/relay/openai?host=api.anthropic.com%3A8443",
                false,
            ),
        ] {
            let target = target(name, provider, host).expect("a target");
            assert_eq!(target.authority(), authority);
            assert_eq!(target.relay_path(), path);
            assert_eq!(target.custom, custom, "{authority}");
        }
    }

    #[test]
    fn where_no_server_is_named_or_another_providers_there_is_no_target() {
        for (name, provider, host) in [
            ("nobody", "openai", None),
            ("openai", "anthropic", None),
            ("fal:nowhere", "fal", None),
            ("azure_openai", "azure_openai", None),
            ("demo", "demo", None),
            ("openai", "openai", Some("127.0.0.1")),
            ("fal:queue", "fal", Some("mine.example.com")),
        ] {
            assert!(target(name, provider, host).is_err(), "{name} {host:?}");
        }
    }

    #[test]
    fn the_catalogues_test_goes_out_exactly_as_it_stands() {
        for provider in catalogue::all().iter().chain(catalogue::find("demo")) {
            let Some(call) = test_call(provider) else {
                continue;
            };
            let host = provider.custom_host.then_some("my.example.com");
            let Ok(target) = target(provider.id, provider.id, host) else {
                continue;
            };
            assert_eq!(
                target.check(call.method, call.path),
                Ok(()),
                "{}",
                provider.id
            );
            let other = ["/v1/..", call.path].concat();
            assert!(
                target.check(call.method, &other).is_err(),
                "{}",
                provider.id
            );
        }
    }

    #[test]
    fn only_locations_of_the_same_origin_are_paths() {
        let target = target("openai", "openai", None).expect("a target");
        for (location, path) in [
            ("/v1/x?y=1", "/v1/x?y=1"),
            ("https://api.openai.com/v1/x", "/v1/x"),
            ("HTTPS://API.openai.com:443/v1/x", "/v1/x"),
        ] {
            assert_eq!(target.locate(location), Some(path), "{location}");
        }
        for location in [
            "",
            "x",
            "//evil.example/x",
            "/\\evil.example/x",
            "http://api.openai.com/v1/x",
            "https://api.openai.com.evil.example/v1",
            "https://api.openai.com:8443/v1",
            "https://u@api.openai.com/v1",
            "https://api.openai.com//evil.example",
            "https://api.openai.com",
            "javascript:alert(1)",
        ] {
            assert_eq!(target.locate(location), None, "{location}");
        }
    }
}
