//! A connection for somebody else's TLS: TCP to a provider's host, and nothing of ours on it.

use http::Uri;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::connect::{AddressRefused, ConnectTimeout, Tcp};
use super::send::{SendError, causes};

/// Where to connect, already allowed; the address is judged when it is.
pub struct Line {
    tcp: Tcp,
    name: String,
    uri: Uri,
}

impl Line {
    pub(super) fn new(tcp: Tcp, name: String, uri: Uri) -> Self {
        Self { tcp, name, uri }
    }

    /// The name that the provider's certificate is for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects.
    pub async fn open(self) -> Result<TcpStream, SendError> {
        let connected = self.tcp.oneshot(self.uri).await;
        let stream = connected.map_err(|error| {
            let known = causes(&*error).find_map(|cause| {
                if cause.is::<AddressRefused>() {
                    return Some(SendError::AddressRefused);
                }
                cause
                    .is::<ConnectTimeout>()
                    .then_some(SendError::ConnectTimeout)
            });
            known.unwrap_or(SendError::Unreachable)
        })?;
        Ok(stream.into_inner())
    }
}
