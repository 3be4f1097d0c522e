//! The only place that makes connections.
//!
//! [`Client::route`] says where requests of a provider may go, [`Target::send`] sends one, and
//! [`Target::line`] connects for a caller's own TLS. What stands between is checked here and nowhere else: addresses, paths, headers, redirects, and that
//! the key does not come back.

mod address;
mod answer;
mod connect;
mod document;
mod headers;
mod line;
mod origin;
mod redirect;
mod route;
mod send;
mod upload;

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use keyseal::catalogue::{self, Provider};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

pub use answer::Answer;
pub use document::{Document, DocumentError};
pub use line::Line;
pub use route::{HostRefused, Route, Target};
pub use send::{Outbound, SendError};

use crate::config::{self, Config, Upstream};
use crate::workers;
use address::Reach;
use origin::Origin;

/// Idle connections kept to one host: more than this many callers at once connect anew.
const IDLE_PER_HOST: usize = 1024;

/// The configuration of a provider cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("configuration: `providers.{provider}.{key}`: {reason}")]
pub struct ClientError {
    provider: String,
    key: &'static str,
    reason: String,
}

/// Every provider that can be called, and the connections to them.
pub struct Client {
    /// By [`Route::name`].
    routes: HashMap<Cow<'static, str>, Route>,
}

impl Client {
    /// Reads catalogue and configuration. `demo` is the address of the built-in provider, where it
    /// runs.
    pub fn new(config: &Config, demo: Option<SocketAddr>) -> Result<Self, ClientError> {
        let public = Arc::new(Pool::new(Reach::Public, &[], &config.upstream));
        let none = config::Provider::default();
        let mut routes = HashMap::new();
        for provider in catalogue::all() {
            let written = config.providers.get(provider.id).unwrap_or(&none);
            let first = route(provider, written, &public, &config.upstream)?;
            // What the operator put in the place of the provider's hosts takes that of all of them.
            let named = provider.wire.hosts.iter().filter(|_| !first.configured);
            let named: Vec<_> = named
                .filter(|host| host.name.is_some())
                .map(|host| Route {
                    provider,
                    host: Some(host),
                    origin: Origin::parse(host.origin),
                    configured: false,
                    custom_hosts: Vec::new(),
                    own: Arc::clone(&public),
                    public: Arc::clone(&public),
                })
                .collect();
            let all = std::iter::once(first).chain(named);
            routes.extend(all.map(|route| (route.name(), route)));
        }
        if let (Some(address), Some(provider)) = (demo, catalogue::find("demo")) {
            let own = Arc::new(Pool::new(Reach::Only(address), &[], &config.upstream));
            let origin = Origin::parse(&format!("http://{address}"));
            let route = Route {
                provider,
                host: None,
                origin,
                configured: true,
                custom_hosts: Vec::new(),
                own,
                public,
            };
            routes.insert(route.name(), route);
        }
        if let Some(id) = config
            .providers
            .keys()
            .find(|id| !routes.contains_key(id.as_str()))
        {
            return Err(ClientError {
                provider: id.clone(),
                key: "",
                reason: "there is no such provider in the catalogue".into(),
            });
        }
        Ok(Self { routes })
    }

    /// The provider of that id, or another host of it: `fal`, `fal:queue`.
    pub fn route(&self, id: &str) -> Option<&Route> {
        self.routes.get(id)
    }
}

fn route(
    provider: &'static Provider,
    written: &config::Provider,
    public: &Arc<Pool>,
    upstream: &Upstream,
) -> Result<Route, ClientError> {
    let origin = match &written.origin {
        Some(url) => Origin::from_url(url),
        None => Origin::parse(provider.wire.origin),
    };
    let own = if written.allow_private || written.ca_file.is_some() {
        let reach = if written.allow_private {
            Reach::Private
        } else {
            Reach::Public
        };
        let roots = written
            .ca_file
            .as_deref()
            .map_or(Ok(Vec::new()), read_roots);
        let roots = roots.map_err(|reason| ClientError {
            provider: provider.id.to_owned(),
            key: "ca_file",
            reason,
        })?;
        Arc::new(Pool::new(reach, &roots, upstream))
    } else {
        Arc::clone(public)
    };
    if origin.as_ref().is_some_and(Origin::is_plain) {
        tracing::warn!(
            provider = provider.id,
            "keys of this provider go out without TLS"
        );
    }
    Ok(Route {
        provider,
        host: None,
        configured: written.origin.is_some(),
        origin,
        custom_hosts: written.custom_hosts.clone(),
        own,
        public: Arc::clone(public),
    })
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let file = CertificateDer::pem_file_iter(path);
    let roots: Result<Vec<_>, _> = file.map_err(|error| error.to_string())?.collect();
    let roots = roots.map_err(|error| error.to_string())?;
    if roots.is_empty() {
        return Err(format!("`{}` holds no certificate", path.display()));
    }
    Ok(roots)
}

/// Pooled connections that share one reach and one set of roots: what one provider may reach is
/// never lent to another.
pub(crate) struct Pool {
    /// One for each worker, and the first for all other threads: a connection belongs to the thread
    /// that made it.
    clients: Vec<Connections>,
    /// Connections without TLS of the companion's own; none is kept.
    tcp: connect::Tcp,
    first_byte: Duration,
}

type Connections = hyper_util::client::legacy::Client<connect::Connector, upload::Upload>;

impl Pool {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes connections"
    )]
    fn new(reach: Reach, extra_roots: &[CertificateDer<'static>], upstream: &Upstream) -> Self {
        let timeout = Duration::from_secs(upstream.connect_timeout_seconds);
        let connector = connect::connector(reach, connect::tls(extra_roots), timeout);
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(upstream.pool_idle_seconds))
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(Duration::from_secs(30));
        let client = |_| builder.build(connector.clone());
        Self {
            clients: (0..=workers::count()).map(client).collect(),
            tcp: connect::tcp(reach, timeout),
            first_byte: Duration::from_secs(upstream.first_byte_timeout_seconds),
        }
    }

    /// The connections of this thread.
    fn client(&self) -> &Connections {
        let own = self.clients.get(workers::number());
        own.unwrap_or(&self.clients[0])
    }
}
