//! Opens connections: names are resolved once, filtered, and the addresses that were judged are
//! the ones connected to.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use tower::Service;

use super::address::Reach;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// No address of the host may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address that requests may be sent to")]
pub struct AddressRefused;

/// Neither a connection nor its TLS handshake came about in time.
#[derive(Debug, thiserror::Error)]
#[error("connecting took too long")]
pub struct ConnectTimeout;

/// TCP and TLS under one reach and one time limit.
pub type Connector = Timed<HttpsConnector<Guarded<HttpConnector<Resolver>>>>;

/// The connector for one reach. Proxy environment variables play no part in it.
pub fn connector(reach: Reach, tls: ClientConfig, timeout: Duration) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { reach });
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_secs(60)));
    tcp.set_connect_timeout(Some(timeout));
    tcp.enforce_http(false);
    let schemes = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls);
    let schemes = match reach {
        Reach::Public => schemes.https_only(),
        Reach::Private | Reach::Only(_) => schemes.https_or_http(),
    };
    let inner = schemes
        .enable_all_versions()
        .wrap_connector(Guarded { reach, inner: tcp });
    Timed { inner, timeout }
}

/// The system's resolver, without the addresses that are out of reach.
#[derive(Clone)]
pub struct Resolver {
    reach: Reach,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes connections"
    )]
    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| reach.admits(*address)).collect();
            if allowed.is_empty() {
                return Err(AddressRefused.into());
            }
            Ok(allowed.into_iter())
        })
    }
}

/// Judges hosts that are addresses already: for them `HttpConnector` asks no resolver.
#[derive(Clone)]
pub struct Guarded<S> {
    reach: Reach,
    inner: S,
}

impl<S> Service<Uri> for Guarded<S>
where
    S: Service<Uri>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if literal(&uri).is_some_and(|address| !self.reach.admits(address)) {
            return Box::pin(async { Err(AddressRefused.into()) });
        }
        let connecting = self.inner.call(uri);
        Box::pin(async move { connecting.await.map_err(Into::into) })
    }
}

fn literal(uri: &Uri) -> Option<SocketAddr> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = host.parse().ok()?;
    let default = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    Some(SocketAddr::new(ip, uri.port_u16().unwrap_or(default)))
}

/// Bounds name look-up, TCP and TLS together.
#[derive(Clone)]
pub struct Timed<S> {
    inner: S,
    timeout: Duration,
}

impl<S> Service<Uri> for Timed<S>
where
    S: Service<Uri, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.inner.call(uri));
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimeout.into()),
            }
        })
    }
}

/// TLS with the Mozilla roots, and the operator's own where one is configured.
pub fn tls(extra_roots: &[CertificateDer<'static>]) -> ClientConfig {
    let mut roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(reach: Reach, uri: &str) -> bool {
        let tls = tls(&[]);
        let mut connector = connector(reach, tls, Duration::from_secs(2));
        match connector.call(uri.parse().expect("a URI")).await {
            Ok(_) => false,
            Err(error) => chain(&*error).any(|cause| cause.is::<AddressRefused>()),
        }
    }

    fn chain<'a>(
        error: &'a (dyn std::error::Error + 'static),
    ) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
        std::iter::successors(Some(error), |cause| cause.source())
    }

    #[tokio::test]
    async fn literal_addresses_are_judged_though_no_resolver_sees_them() {
        for uri in [
            "https://127.0.0.1:1/",
            "https://[::1]:1/",
            "https://[::ffff:127.0.0.1]:1/",
            "https://10.0.0.1/",
        ] {
            assert!(refused(Reach::Public, uri).await, "{uri}");
        }
    }

    #[tokio::test]
    async fn names_that_resolve_to_loopback_are_refused() {
        assert!(refused(Reach::Public, "https://localhost:1/").await);
    }

    /// Some resolvers read these as 127.0.0.1, others do not know them.
    #[tokio::test]
    async fn odd_numbers_never_connect() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = open.local_addr().expect("bound").port();
        for host in ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "0"] {
            let uri = format!("https://{host}:{port}/").parse().expect("a URI");
            let mut connector = connector(Reach::Public, tls(&[]), Duration::from_secs(2));
            assert!(connector.call(uri).await.is_err(), "{host}");
        }
        let connected = tokio::time::timeout(Duration::from_millis(50), open.accept()).await;
        assert!(connected.is_err(), "a connection arrived");
    }

    #[tokio::test]
    async fn the_public_connector_speaks_no_plain_http() {
        let mut connector = connector(Reach::Public, tls(&[]), Duration::from_secs(1));
        let error = match connector
            .call("http://198.51.100.1/".parse().expect("a URI"))
            .await
        {
            Ok(_) => panic!("connected"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains("scheme"), "{error}");
    }

    #[tokio::test]
    async fn the_demo_connector_reaches_its_own_port_only() {
        let own = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let other = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let reach = Reach::Only(own.local_addr().expect("bound"));
        assert!(
            !refused(
                reach,
                &format!("http://{}/", own.local_addr().expect("bound"))
            )
            .await
        );
        assert!(
            refused(
                reach,
                &format!("http://{}/", other.local_addr().expect("bound"))
            )
            .await
        );
        assert!(
            refused(
                reach,
                &format!(
                    "http://localhost:{}/",
                    own.local_addr().expect("bound").port()
                )
            )
            .await
        );
    }
}
