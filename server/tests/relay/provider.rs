//! A provider as the relay sees one: a port that takes and sends bytes.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Provider {
    listener: TcpListener,
    pub port: u16,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The next connection.
    pub async fn accept(&self) -> TcpStream {
        let accepted = timeout(PATIENCE, self.listener.accept()).await;
        accepted.expect("a connection in time").unwrap().0
    }

    /// Whether somebody connected: what connects has done so before it is told of the end.
    pub async fn was_reached(&self) -> bool {
        timeout(Duration::from_millis(1), self.listener.accept())
            .await
            .is_ok()
    }
}
