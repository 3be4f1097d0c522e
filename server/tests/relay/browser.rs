//! The browser's side of a relay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::companion::{Companion, User};
use crate::provider_tls;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// So much is taken before it is acknowledged.
const ACK_EVERY: u64 = 256 * 1024;

/// An open relay.
pub struct Relay {
    pub socket: WebSocketStream<TcpStream>,
    /// What came down, unless it was handed to TLS.
    pub taken: u64,
}

/// A refusal before the WebSocket.
#[derive(Debug)]
pub struct Refused {
    pub status: StatusCode,
    pub code: String,
}

/// The request as browsers send it.
pub fn request(companion: &Companion, path: &str, protocols: &str) -> Request<()> {
    request_to(companion.address, path, protocols)
}

pub fn request_to(to: SocketAddr, path: &str, protocols: &str) -> Request<()> {
    Request::get(format!("ws://{to}{path}"))
        .header("host", to.to_string())
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .header("sec-websocket-protocol", protocols)
        .body(())
        .unwrap()
}

pub fn protocols(user: &User) -> String {
    format!("keyseal.relay.v1, keyseal.token.{}", user.token)
}

impl Relay {
    pub async fn open(companion: &Companion, user: &User) -> Self {
        let asked = request(companion, "/relay/openai", &protocols(user));
        Self::ask(companion, asked).await.expect("a relay")
    }

    pub async fn ask(companion: &Companion, request: Request<()>) -> Result<Self, Refused> {
        Self::ask_at(companion.address, request).await
    }

    pub async fn ask_at(to: SocketAddr, request: Request<()>) -> Result<Self, Refused> {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let opened = timeout(PATIENCE, client_async(request, stream)).await;
        match opened.expect("an answer in time") {
            Ok((socket, answer)) => {
                let protocol = &answer.headers()["sec-websocket-protocol"];
                assert_eq!(protocol, "keyseal.relay.v1");
                Ok(Self { socket, taken: 0 })
            }
            Err(Error::Http(answer)) => {
                let code = answer.headers().get("keyseal-error");
                Err(Refused {
                    status: answer.status(),
                    code: code.map_or("", |code| code.to_str().unwrap()).to_owned(),
                })
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, bytes: impl Into<Bytes>) {
        self.socket
            .send(Message::Binary(bytes.into()))
            .await
            .unwrap();
    }

    pub async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Speaks TLS through it, and HTTP in that.
    pub async fn http(self, config: Arc<ClientConfig>) -> SendRequest<Body> {
        let tls = TokioIo::new(self.tls(config).await);
        let (sender, connection) = http1::handshake(tls).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// The next bytes, or the code and reason it was closed with.
    pub async fn next(&mut self) -> Result<Bytes, (u16, String)> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await;
            match message.expect("a message in time") {
                Some(Ok(Message::Binary(bytes))) => {
                    self.taken += bytes.len() as u64;
                    return Ok(bytes);
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    // Browsers answer by themselves.
                    let _ = timeout(PATIENCE, self.socket.next()).await;
                    return Err((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// So many bytes, acknowledged as they come.
    pub async fn take(&mut self, count: usize) -> Vec<u8> {
        let mut all = Vec::with_capacity(count);
        let mut told = self.taken;
        while all.len() < count {
            all.extend_from_slice(&self.next().await.unwrap());
            if self.taken - told >= ACK_EVERY {
                told = self.taken;
                self.say(&format!("ack {told}")).await;
            }
        }
        assert_eq!(all.len(), count);
        all
    }

    /// What comes next, acknowledged at once.
    pub async fn take_some(&mut self) -> Bytes {
        let piece = self.next().await.unwrap();
        self.say(&format!("ack {}", self.taken)).await;
        piece
    }

    /// How it was closed, whatever came before.
    pub async fn end(&mut self) -> (u16, String) {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    /// Speaks TLS through it.
    pub async fn tls(self, config: Arc<ClientConfig>) -> TlsStream<DuplexStream> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(pump(self.socket, far));
        let name = ServerName::try_from("localhost").unwrap();
        let connecting = TlsConnector::from(config).connect(name, near);
        timeout(PATIENCE, connecting).await.unwrap().unwrap()
    }
}

/// Between the WebSocket and a TLS client, with acknowledgements as the package sends them.
async fn pump(socket: WebSocketStream<TcpStream>, far: DuplexStream) {
    let (mut sink, mut stream) = socket.split();
    let (mut from, mut to) = tokio::io::split(far);
    let (acks, mut acked) = tokio::sync::mpsc::unbounded_channel::<u64>();
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let message = tokio::select! {
                count = from.read(&mut buffer) => match count {
                    Ok(count) if count > 0 => Message::binary(buffer[..count].to_vec()),
                    _ => break,
                },
                Some(total) = acked.recv() => Message::text(format!("ack {total}")),
            };
            if sink.send(message).await.is_err() {
                break;
            }
        }
        let _ = sink.close().await;
    };
    let down = async {
        let (mut taken, mut told) = (0, 0);
        while let Some(Ok(message)) = stream.next().await {
            let Message::Binary(bytes) = message else {
                continue;
            };
            if to.write_all(&bytes).await.is_err() {
                break;
            }
            taken += bytes.len() as u64;
            if taken - told >= ACK_EVERY {
                told = taken;
                let _ = acks.send(taken);
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(up, down);
}

/// What a TLS client sends first.
pub fn hello(name: &str) -> Vec<u8> {
    hello_by(provider_tls::client(), name)
}

pub fn hello_by(config: ClientConfig, name: &str) -> Vec<u8> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}
