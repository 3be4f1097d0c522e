//! Between the companion and the provider: everything that passes there is kept, as anyone on the
//! network could.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One direction of all connections, in the order it came.
pub type Kept = Arc<Mutex<Vec<u8>>>;

#[derive(Clone)]
pub struct Tap {
    pub port: u16,
    /// From the companion to the provider.
    pub up: Kept,
    /// From the provider to the companion.
    pub down: Kept,
}

impl Tap {
    /// In front of the provider at this address.
    pub async fn start(provider: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Self {
            port: listener.local_addr().unwrap().port(),
            up: Kept::default(),
            down: Kept::default(),
        };
        let (up, down) = (Arc::clone(&tap.up), Arc::clone(&tap.down));
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(provider).await.unwrap();
                let ((near_from, near_to), (far_from, far_to)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(copy(near_from, far_to, Arc::clone(&up)));
                tokio::spawn(copy(far_from, near_to, Arc::clone(&down)));
            }
        });
        tap
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, kept: Kept) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        kept.lock().unwrap().extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
