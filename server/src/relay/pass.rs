//! Bytes both ways, as they come. What one side does not take, the other is not asked for: nothing
//! is kept here but one piece each way.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use super::hello::Hello;
use super::window::Window;
use super::{End, Passed, Seat};
use crate::outgoing::Line;

/// The most in one frame, either way.
pub const PIECE: usize = 64 * 1024;
/// How long a ClientHello may take to arrive.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// From the first byte to the last.
pub async fn pass(socket: &mut WebSocket, line: Line, seat: &Seat, passed: &Passed) -> End {
    let window = Window::default();
    let (mut sink, mut stream) = socket.split();
    let up = Up {
        window: &window,
        seat,
        passed,
    };
    let hello = match timeout(HELLO_PATIENCE, up.hello(&mut stream, line.name())).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(end)) => return end,
        Err(_) => return End::Idle,
    };
    let mut provider = match line.open().await {
        Ok(provider) => provider,
        Err(error) => return error.into(),
    };
    let (from, to) = provider.split();
    tokio::select! {
        end = up.pass(&mut stream, hello, to) => end,
        end = down(from, &mut sink, &window, seat, passed) => end,
    }
}

/// From the caller to the provider.
struct Up<'a> {
    window: &'a Window,
    seat: &'a Seat,
    passed: &'a Passed,
}

type Received = Result<Message, axum::Error>;

impl Up<'_> {
    /// The bytes up to the end of a ClientHello for this host, and what came with them.
    async fn hello(
        &self,
        stream: &mut (impl Stream<Item = Received> + Unpin),
        host: &str,
    ) -> Result<Vec<u8>, End> {
        let mut hello = Hello::new();
        let mut bytes = Vec::new();
        loop {
            let piece = self.piece(stream.next().await)?;
            bytes.extend_from_slice(&piece);
            if hello.read(&piece, host).map_err(|_| End::Refused)? {
                return Ok(bytes);
            }
        }
    }

    async fn pass(
        &self,
        stream: &mut (impl Stream<Item = Received> + Unpin),
        hello: Vec<u8>,
        mut to: WriteHalf<'_>,
    ) -> End {
        let mut takes = self.to_provider(Bytes::from(hello), &mut to).await;
        loop {
            match self.piece(stream.next().await) {
                // A provider that takes nothing more may have sent its last word before: that is
                // still passed on, and then the other direction ends.
                Ok(piece) if takes && !piece.is_empty() => {
                    takes = self.to_provider(piece, &mut to).await;
                }
                Ok(_) => {}
                Err(end) => return end,
            }
        }
    }

    /// Passes one piece on. `false`: the provider takes nothing any more.
    async fn to_provider(&self, piece: Bytes, to: &mut WriteHalf<'_>) -> bool {
        let takes = to.write_all(&piece).await.is_ok();
        self.passed.went_up(piece.len());
        self.seat.pace.passed(piece.len()).await;
        takes
    }

    /// What a message brings for the provider; nothing, if it was for us.
    fn piece(&self, message: Option<Received>) -> Result<Bytes, End> {
        match message {
            Some(Ok(Message::Binary(bytes))) => Ok(bytes),
            Some(Ok(Message::Text(text))) => {
                if self.window.ack(&text).map_err(|_| End::Refused)? {
                    self.passed.touch();
                }
                Ok(Bytes::new())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Bytes::new()),
            Some(Ok(Message::Close(_))) | None => Err(End::Caller),
            Some(Err(error)) => Err(broken(error)),
        }
    }
}

/// Whether what came was no WebSocket, or a frame that is too long; or nobody is there any more.
fn broken(error: axum::Error) -> End {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Protocol(ResetWithoutClosingHandshake)) => End::Caller,
        Some(Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_)) => End::Refused,
        _ => End::Caller,
    }
}

/// From the provider to the caller.
async fn down(
    mut from: ReadHalf<'_>,
    sink: &mut (impl Sink<Message> + Unpin),
    window: &Window,
    seat: &Seat,
    passed: &Passed,
) -> End {
    let mut buffer = BytesMut::new();
    loop {
        let room = usize::try_from(window.room().await).unwrap_or(PIECE);
        buffer.reserve(PIECE);
        let count = match from
            .read_buf(&mut (&mut buffer).limit(room.min(PIECE)))
            .await
        {
            Ok(0) => return End::Provider,
            Ok(count) => count,
            Err(_) => return End::Unreachable,
        };
        window.sent(count as u64);
        let piece = Message::Binary(buffer.split().freeze());
        if sink.send(piece).await.is_err() {
            return End::Caller;
        }
        passed.came_down(count);
        seat.pace.passed(count).await;
    }
}
