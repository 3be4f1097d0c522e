//! Where requests to one provider may go: the catalogue, as the operator's configuration changes it.

use std::borrow::Cow;
use std::sync::Arc;

use keyseal::catalogue::Provider;

use super::Pool;
use super::origin::Origin;
use super::path::{self, PathRefused};
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
}

/// What is known of one provider.
pub struct Route {
    /// Its page in the catalogue.
    pub provider: &'static Provider,
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

impl Route {
    /// Checks a raw path below the origin.
    pub fn check_path(&self, path: &str) -> Result<(), PathRefused> {
        path::check(path)?;
        if self.provider.wire.allows(path) {
            Ok(())
        } else {
            Err(PathRefused::NotAllowed)
        }
    }

    /// Where a key goes: the provider's origin, or the host that was sealed into it.
    pub fn target(&self, sealed: Option<&str>) -> Result<Target<'_>, HostRefused> {
        let Some(host) = sealed else {
            return self.own_target().ok_or(HostRefused::Missing);
        };
        if let Some(own) = self.own_target().filter(|own| own.origin.host() == host) {
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

    /// One of the provider's other hosts: a region. Not where the operator has put an origin in
    /// their place.
    fn catalogues(&self, host: &str) -> Option<Origin> {
        let wire = &self.provider.wire;
        let hosts = wire.extra_hosts.iter().filter(|_| !self.configured);
        hosts
            .filter_map(|text| Origin::parse(text))
            .find(|origin| origin.host() == host)
    }

    fn matching(&self, host: &str) -> Option<Origin> {
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
