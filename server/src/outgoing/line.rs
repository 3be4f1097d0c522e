//! A connection for somebody else's TLS: TCP to a provider's host, and nothing of ours on it.

use http::Uri;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::connect::Tcp;
use super::send::{SendError, no_connection};

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

    /// Host and port that it leads to.
    pub fn place(&self) -> String {
        let port = self.uri.port_u16().unwrap_or(443);
        format!("{}:{port}", self.name)
    }

    /// Connects.
    pub async fn open(self) -> Result<TcpStream, SendError> {
        let connected = self.tcp.oneshot(self.uri).await;
        let stream =
            connected.map_err(|error| no_connection(&*error).unwrap_or(SendError::Unreachable))?;
        Ok(stream.into_inner())
    }
}
