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
    connector_by(Arc::new(System), reach, tls, timeout)
}

fn connector_by(
    names: Arc<dyn LookUp>,
    reach: Reach,
    tls: ClientConfig,
    timeout: Duration,
) -> Connector {
    let guarded = guarded(names, reach, timeout);
    let schemes = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls);
    let schemes = match reach {
        Reach::Public => schemes.https_only(),
        Reach::Private | Reach::Only(_) => schemes.https_or_http(),
    };
    let inner = schemes.enable_all_versions().wrap_connector(guarded);
    Timed { inner, timeout }
}

/// TCP alone, under the same reach and time limit.
pub type Tcp = Timed<Guarded<HttpConnector<Resolver>>>;

/// Connections on which others speak.
pub fn tcp(reach: Reach, timeout: Duration) -> Tcp {
    let inner = guarded(Arc::new(System), reach, timeout);
    Timed { inner, timeout }
}

fn guarded(
    names: Arc<dyn LookUp>,
    reach: Reach,
    timeout: Duration,
) -> Guarded<HttpConnector<Resolver>> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { names, reach });
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_secs(60)));
    tcp.set_connect_timeout(Some(timeout));
    tcp.enforce_http(false);
    Guarded { reach, inner: tcp }
}

/// What knows the addresses of names.
trait LookUp: Send + Sync {
    /// All of them. Asked once for a connection; nothing is looked up again after it was judged.
    fn look_up(&self, name: &str) -> BoxFuture<Vec<SocketAddr>>;
}

/// The system's resolver.
struct System;

impl LookUp for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes connections"
    )]
    fn look_up(&self, name: &str) -> BoxFuture<Vec<SocketAddr>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// A resolver without the addresses that are out of reach.
#[derive(Clone)]
pub struct Resolver {
    names: Arc<dyn LookUp>,
    reach: Reach,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, found) = (self.reach, self.names.look_up(name.as_str()));
        Box::pin(async move {
            let found = found.await?.into_iter();
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::send::{SendError, no_connection};
    use super::*;
    use crate::causes::causes;

    async fn refused(reach: Reach, uri: &str) -> bool {
        let tls = tls(&[]);
        let mut connector = connector(reach, tls, Duration::from_secs(2));
        match connector.call(uri.parse().expect("a URI")).await {
            Ok(_) => false,
            Err(error) => causes(&*error).any(|cause| cause.is::<AddressRefused>()),
        }
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

    /// A resolver whose answers follow each other; the last one stays.
    struct Told {
        answers: Vec<Vec<IpAddr>>,
        asked: AtomicUsize,
    }

    impl Told {
        fn new(answers: &[&[&str]]) -> Arc<Self> {
            let answers = answers.iter().map(|answer| {
                let addresses = answer.iter().map(|ip| ip.parse().expect("an address"));
                addresses.collect()
            });
            Arc::new(Self {
                answers: answers.collect(),
                asked: AtomicUsize::new(0),
            })
        }
    }

    impl LookUp for Told {
        fn look_up(&self, _: &str) -> BoxFuture<Vec<SocketAddr>> {
            let turn = self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = &self.answers[turn.min(self.answers.len() - 1)];
            let found = answer.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
            Box::pin(async move { Ok(found) })
        }
    }

    async fn connect_by(names: &Arc<Told>, reach: Reach, uri: &str) -> Result<(), BoxError> {
        let names: Arc<dyn LookUp> = Arc::clone(names) as _;
        let mut connector = connector_by(names, reach, tls(&[]), Duration::from_secs(2));
        let connecting = connector.call(uri.parse().expect("a URI"));
        connecting.await.map(drop)
    }

    fn is_refusal(result: Result<(), BoxError>) -> bool {
        result.is_err_and(|error| causes(&*error).any(|cause| cause.is::<AddressRefused>()))
    }

    #[tokio::test]
    async fn a_name_is_refused_for_what_it_resolves_to_however_it_is_written() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "localhost.localdomain",
            "ip6-localhost",
            "harmless.example.com",
            "harmless.example.com.",
            "xn--bcher-kva.example",
            "127.0.0.1.nip.example",
        ] {
            for answer in [
                &["127.0.0.1"][..],
                &["::1"],
                &["::ffff:127.0.0.1"],
                &["169.254.169.254", "10.0.0.1"],
                &["fd00::1", "64:ff9b::7f00:1", "2002:7f00:1::"],
                &[],
            ] {
                let names = Told::new(&[answer]);
                let uri = format!("https://{name}:1/");
                assert!(
                    is_refusal(connect_by(&names, Reach::Public, &uri).await),
                    "{name} {answer:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn of_several_addresses_only_those_in_reach_are_tried() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = open.local_addr().expect("bound").port();
        // An address for documentation, which nobody has, is never in reach.
        let names = Told::new(&[&["192.0.2.1", "127.0.0.1"]]);
        let uri = format!("http://provider.example.com:{port}/");
        assert!(connect_by(&names, Reach::Private, &uri).await.is_ok());
        assert!(is_refusal(
            connect_by(&names, Reach::Public, &uri.replace("http:", "https:")).await
        ));
    }

    /// DNS rebinding: the second answer is another address than the one that was judged.
    #[tokio::test]
    async fn a_name_that_changes_its_address_is_asked_once_and_judged_anew_for_each_connection() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = open.local_addr().expect("bound").port();
        let names = Told::new(&[&["127.0.0.1"], &["192.0.2.1"]]);
        let uri = format!("http://provider.example.com:{port}/");
        assert!(connect_by(&names, Reach::Private, &uri).await.is_ok());
        assert_eq!(names.asked.load(Ordering::SeqCst), 1, "one look-up");
        let (_, from) = open.accept().await.expect("the address that was judged");
        assert!(from.ip().is_loopback());
        assert!(is_refusal(connect_by(&names, Reach::Private, &uri).await));
        assert_eq!(names.asked.load(Ordering::SeqCst), 2);
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
    async fn a_handshake_that_never_ends_is_not_waited_for() {
        // The system takes the connection; nobody answers on it.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let uri = format!("https://{}/", silent.local_addr().expect("bound"));
        let patience = Duration::from_millis(200);
        let mut connector = connector(Reach::Private, tls(&[]), patience);
        let error = match connector.call(uri.parse().expect("a URI")).await {
            Ok(_) => panic!("connected"),
            Err(error) => error,
        };
        assert!(causes(&*error).any(|cause| cause.is::<ConnectTimeout>()));
    }

    #[tokio::test]
    async fn a_host_that_takes_no_connection_is_too_slow_for_forward_and_relay_alike() {
        // Nobody accepts, and with two waiting the system takes no more.
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("a port");
        let full = socket.listen(1).expect("a listener");
        let address = full.local_addr().expect("bound");
        let uri: Uri = format!("https://{address}/").parse().expect("a URI");
        let patience = Duration::from_millis(100);
        let mut relay = tcp(Reach::Private, patience);
        let mut waiting = Vec::new();
        while let Ok(taken) = relay.call(uri.clone()).await {
            waiting.push(taken);
        }
        let mut forward = connector(Reach::Private, tls(&[]), patience);
        // The whole's own limit, and TCP's, which may be the first.
        let mut inner = guarded(Arc::new(System), Reach::Private, patience);
        let errors = [
            relay.call(uri.clone()).await.err(),
            forward.call(uri.clone()).await.err(),
            inner.call(uri).await.err(),
        ];
        for error in errors {
            let known = no_connection(&*error.expect("not connected"));
            assert_eq!(known, Some(SendError::ConnectTimeout));
        }
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
