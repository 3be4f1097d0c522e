//! Where requests to one provider may go: the catalogue, as the operator's configuration changes it.

use std::borrow::Cow;
use std::sync::Arc;

use keyseal::catalogue::{Host, Provider};
use keyseal::transit::{PathRefused, check_path};

use super::Pool;
use super::line::Line;
use super::origin::Origin;
use crate::config::hosts::{HostPattern, SealedHost};

/// The host sealed into the key is not one that the operator allows for the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// Nothing allows it.
    #[error("the host is neither the provider's nor one that the operator allows")]
    NotAllowed,
    /// The provider has no host of its own, and none was sealed.
    #[error("the provider needs a host of yours, sealed into the key")]
    Missing,
    /// No TLS to relay, no name that it could be for, or a path that only the companion knows.
    #[error(
        "the provider's origin here is plain http, an address or has a path, so nothing can be relayed to it"
    )]
    NoTls,
}

/// What is known of one provider.
pub struct Route {
    /// Its page in the catalogue.
    pub provider: &'static Provider,
    /// Another of its hosts, which is asked for by name.
    pub(super) host: Option<&'static Host>,
    /// The operator's origin, else the catalogue's; none where every user has a host of their own.
    pub(super) origin: Option<Origin>,
    /// Whether [`Route::origin`] is the operator's.
    pub(super) configured: bool,
    pub(super) custom_hosts: Vec<HostPattern>,
    /// Connections to the origin, which may be private or have a root of its own.
    pub(super) own: Arc<Pool>,
    /// Connections to anything else.
    pub(super) public: Arc<Pool>,
}

/// A place to send one request to.
pub struct Target<'a> {
    pub(super) route: &'a Route,
    pub(super) origin: Cow<'a, Origin>,
    pub(super) pool: &'a Pool,
}

impl Target<'_> {
    /// A connection for somebody else's TLS.
    pub fn line(&self) -> Result<Line, HostRefused> {
        let name = self.origin.tls_name().ok_or(HostRefused::NoTls)?;
        let uri = self.origin.uri("/").map_err(|_| HostRefused::NoTls)?;
        Ok(Line::new(self.pool.tcp.clone(), name.to_owned(), uri))
    }
}

impl Route {
    /// Checks a raw path below the origin.
    pub fn check_path(&self, path: &str) -> Result<(), PathRefused> {
        check_path(self.provider, self.host, path)
    }

    /// Whether a POST to this path keeps nothing at the provider, so that a platform key may serve
    /// it. Hosts with paths of their own are not known to.
    pub fn is_stateless(&self, path: &str) -> bool {
        self.host.is_none_or(Host::is_region) && self.provider.wire.is_stateless(path)
    }

    /// What stands for it in a forward path: `fal`, or `fal:queue`.
    pub fn name(&self) -> Cow<'static, str> {
        match self.host.and_then(|host| host.name) {
            Some(host) => format!("{}:{host}", self.provider.id).into(),
            None => self.provider.id.into(),
        }
    }

    /// Where a key goes: the provider's origin, or the host that was sealed into it.
    pub fn target(&self, sealed: Option<&str>) -> Result<Target<'_>, HostRefused> {
        let Some(host) = sealed else {
            return self.own_target().ok_or(HostRefused::Missing);
        };
        if let Some(own) = self.own_target().filter(|own| own.origin.is_at(host)) {
            return Ok(own);
        }
        let origin = self.catalogues(host).or_else(|| self.matching(host));
        let origin = Cow::Owned(origin.ok_or(HostRefused::NotAllowed)?);
        Ok(Target {
            route: self,
            origin,
            pool: &self.public,
        })
    }

    /// Where the catalogue's test call goes; `None` if it belongs to a host that the operator has
    /// put another in place of.
    pub fn test_target(&self, sealed: Option<&str>) -> Result<Option<Target<'_>>, HostRefused> {
        let elsewhere = self
            .provider
            .wire
            .test
            .as_ref()
            .and_then(|test| test.origin);
        let target = self.target(sealed)?;
        let Some(elsewhere) = elsewhere else {
            return Ok(Some(target));
        };
        if self.configured || sealed.is_some() {
            return Ok(None);
        }
        let origin = Origin::parse(elsewhere).map(Cow::Owned);
        Ok(origin.map(|origin| Target {
            route: self,
            origin,
            pool: &self.public,
        }))
    }

    fn own_target(&self) -> Option<Target<'_>> {
        let origin = Cow::Borrowed(self.origin.as_ref()?);
        Some(Target {
            route: self,
            origin,
            pool: &self.own,
        })
    }

    /// One of the provider's other hosts: a region. Not where another was asked for by name, or the
    /// operator has put an origin in their place.
    fn catalogues(&self, host: &str) -> Option<Origin> {
        let regions = self
            .provider
            .wire
            .hosts
            .iter()
            .filter(|host| host.is_region());
        regions
            .filter(|_| !self.configured && self.host.is_none())
            .filter_map(|region| Origin::parse(region.origin))
            .find(|origin| origin.is_at(host))
    }

    fn matching(&self, host: &str) -> Option<Origin> {
        if self.host.is_some() {
            return None;
        }
        let sealed = SealedHost::parse(host)?;
        let allowed = self
            .custom_hosts
            .iter()
            .any(|pattern| pattern.matches(&sealed));
        allowed
            .then(|| Origin::at_host(&sealed.to_string()))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::outgoing::{Client, HostRefused};

    fn client(pairs: &[(&str, &str)]) -> Client {
        let config = Config::from_pairs(None, pairs).expect("a configuration");
        Client::new(&config, None).expect("a client")
    }

    fn uri(client: &Client, provider: &str, host: Option<&str>) -> Result<String, HostRefused> {
        let target = client.route(provider).expect("a provider").target(host)?;
        Ok(target.origin.uri("/v1/x").expect("a URI").to_string())
    }

    #[test]
    fn keys_go_to_the_catalogues_host_and_nowhere_a_page_names() {
        let client = client(&[]);
        let own = Ok("https://api.openai.com/v1/x".to_owned());
        assert_eq!(uri(&client, "openai", None), own);
        assert_eq!(uri(&client, "openai", Some("api.openai.com")), own);
        for host in [
            "evil.example.com",
            "api.openai.com.evil.example.com",
            "api.openai.com:8443",
            "127.0.0.1",
            "169.254.169.254",
            "localhost",
            "[::1]",
            "",
            "api.openai.com@evil.example.com",
            "API.openai.com",
        ] {
            assert_eq!(
                uri(&client, "openai", Some(host)),
                Err(HostRefused::NotAllowed),
                "{host}"
            );
        }
    }

    #[test]
    fn a_host_of_ones_own_must_be_named_and_allowed() {
        let none = client(&[]);
        assert_eq!(uri(&none, "azure_openai", None), Err(HostRefused::Missing));
        let mine = Some("my.openai.azure.com");
        assert_eq!(
            uri(&none, "azure_openai", mine),
            Err(HostRefused::NotAllowed)
        );
        let hosts = (
            "KEYSEAL__PROVIDERS__AZURE_OPENAI__CUSTOM_HOSTS",
            "*.openai.azure.com",
        );
        let allowed = client(&[hosts]);
        assert_eq!(
            uri(&allowed, "azure_openai", mine).as_deref(),
            Ok("https://my.openai.azure.com/v1/x")
        );
        for host in [
            "a.b.openai.azure.com",
            "openai.azure.com",
            "my.openai.azure.com:8443",
        ] {
            let refused = uri(&allowed, "azure_openai", Some(host));
            assert_eq!(refused, Err(HostRefused::NotAllowed), "{host}");
        }
    }

    #[test]
    fn the_operators_origin_takes_the_place_of_all_the_catalogues_hosts() {
        let origin = (
            "KEYSEAL__PROVIDERS__BFL__ORIGIN",
            "https://gateway.example.com/bfl",
        );
        let (plain, changed) = (client(&[]), client(&[origin]));
        let region = Some("api.eu.bfl.ai");
        assert_eq!(
            uri(&plain, "bfl", region).as_deref(),
            Ok("https://api.eu.bfl.ai/v1/x")
        );
        assert_eq!(uri(&changed, "bfl", region), Err(HostRefused::NotAllowed));
        let own = Ok("https://gateway.example.com/bfl/v1/x");
        for host in [
            None,
            Some("gateway.example.com"),
            Some("gateway.example.com:443"),
        ] {
            assert_eq!(uri(&changed, "bfl", host).as_deref(), own, "{host:?}");
        }
    }

    #[test]
    fn other_hosts_are_reached_by_name_with_their_own_paths() {
        let plain = client(&[]);
        let route = |name| plain.route(name).expect("a route");
        assert_eq!(
            uri(&plain, "fal:queue", None).as_deref(),
            Ok("https://queue.fal.run/v1/x")
        );
        assert_eq!(route("fal:queue").provider.id, "fal");
        assert_eq!(
            uri(&plain, "bfl:eu", None).as_deref(),
            Ok("https://api.eu.bfl.ai/v1/x")
        );
        assert!(route("bfl:eu").check_path("/v1/flux-dev").is_ok());
        assert!(route("nvidia:ai").check_path("/v1/genai/x/y").is_ok());
        assert!(
            route("nvidia:ai")
                .check_path("/v1/chat/completions")
                .is_err()
        );
        assert!(route("nvidia").check_path("/v1/genai/x/y").is_err());
        for name in [
            "fal:",
            "fal:api",
            "fal:QUEUE",
            "fal:queue:x",
            "openai:queue",
            ":queue",
        ] {
            assert!(plain.route(name).is_none(), "{name}");
        }
        // Somebody else's results stand behind ids there.
        assert!(route("fal").is_stateless("/fal-ai/flux/dev"));
        assert!(!route("fal:queue").is_stateless("/fal-ai/flux/dev"));
    }

    #[test]
    fn a_sealed_host_is_never_left_for_one_that_is_asked_for() {
        let hosts = ("KEYSEAL__PROVIDERS__BFL__CUSTOM_HOSTS", "*.example.com");
        let with = client(&[hosts]);
        let eu = Some("api.eu.bfl.ai");
        assert!(uri(&with, "bfl:eu", eu).is_ok());
        let refused = Err(HostRefused::NotAllowed);
        assert_eq!(uri(&with, "bfl:us", eu), refused);
        assert_eq!(uri(&with, "bfl:eu", Some("mine.example.com")), refused);
        assert!(uri(&with, "bfl", Some("mine.example.com")).is_ok());
        // A host that is for something else is no region to seal.
        for (provider, host) in [
            ("fal", "api.fal.ai"),
            ("fal", "queue.fal.run"),
            ("huggingface", "huggingface.co"),
        ] {
            assert_eq!(uri(&with, provider, Some(host)), refused, "{host}");
        }
    }

    #[test]
    fn the_operators_origin_ends_the_named_hosts_too() {
        let origin = ("KEYSEAL__PROVIDERS__FAL__ORIGIN", "https://gw.example.com");
        let changed = client(&[origin]);
        assert!(changed.route("fal:queue").is_none());
        assert!(changed.route("fal").is_some());
    }

    #[test]
    fn a_test_call_never_takes_the_key_to_a_host_the_operator_replaced() {
        let origin = (
            "KEYSEAL__PROVIDERS__FAL__ORIGIN",
            "https://gateway.example.com",
        );
        let (plain, changed) = (client(&[]), client(&[origin]));
        let target = |client: &Client| {
            let route = client.route("fal").expect("a provider");
            let target = route.test_target(None).expect("allowed");
            target.map(|target| target.origin.uri("/x").expect("a URI").to_string())
        };
        assert_eq!(target(&plain).as_deref(), Some("https://api.fal.ai/x"));
        assert_eq!(target(&changed), None);
    }

    #[test]
    fn the_demo_provider_is_there_only_where_it_runs() {
        let config = Config::from_pairs(None, &[]).expect("a configuration");
        let address = ([127, 0, 0, 1], 4321).into();
        let with = Client::new(&config, Some(address)).expect("a client");
        assert_eq!(
            uri(&with, "demo", None).as_deref(),
            Ok("http://127.0.0.1:4321/v1/x")
        );
        assert!(client(&[]).route("demo").is_none());
    }

    #[test]
    fn every_provider_of_the_catalogue_has_a_usable_origin() {
        let client = client(&[]);
        for provider in keyseal::catalogue::all() {
            let target = client.route(provider.id).expect("a route").target(None);
            assert_eq!(target.is_ok(), !provider.custom_host, "{}", provider.id);
        }
    }
}
