//! A provider's TLS: `leaf.pem` is for `localhost`, issued by `root.pem`, whose private key was
//! thrown away.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/forward/tls/root.pem");

/// A server's side, offering these protocols.
pub fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let leaf = include_bytes!("../forward/tls/leaf.pem");
    let certificate = CertificateDer::from_pem_slice(leaf).unwrap();
    let key = Base64::decode_vec(include_str!("../forward/tls/leaf-key.pkcs8.b64")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    TlsAcceptor::from(Arc::new(config))
}

/// That root and no other.
pub fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(ROOT).unwrap();
    roots.add(root).unwrap();
    roots
}

/// A client's side, which accepts that root.
pub fn client() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots())
        .with_no_client_auth()
}
