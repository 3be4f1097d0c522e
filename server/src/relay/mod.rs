//! The blind relay: the caller's TLS passes between a WebSocket and the provider's host. Of it the
//! companion reads the ClientHello, which is in clear, and nothing after.

mod end;
mod hello;
mod pace;
mod pass;
mod seats;
mod terms;
mod window;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::{Instant, timeout};

pub use end::End;
pub use pass::PIECE;
pub use seats::{Course, Relays, Seat};
pub use terms::Terms;

use crate::metrics::RelayCounters;
use crate::outgoing::Line;

/// The subprotocol that is answered.
pub const PROTOCOL: &str = "keyseal.relay.v1";

/// How long the other side may take to say goodbye too.
const FAREWELL: Duration = Duration::from_millis(500);
/// The same, where it may still have to take what the provider sent.
const LAST_BYTES: Duration = Duration::from_secs(10);

/// What passed, and when something last did.
pub struct Passed {
    start: Instant,
    counters: RelayCounters,
    /// From the caller to the provider.
    pub up: AtomicU64,
    /// From the provider to the caller.
    pub down: AtomicU64,
    /// Milliseconds after `start`.
    last: AtomicU64,
}

impl Passed {
    fn new(counters: RelayCounters) -> Self {
        Self {
            start: Instant::now(),
            counters,
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// How long it has been open.
    pub fn open_for(&self) -> Duration {
        self.start.elapsed()
    }

    fn went_up(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
        self.counters.up.inc_by(bytes as u64);
        self.touch();
    }

    fn came_down(&self, bytes: usize) {
        self.down.fetch_add(bytes as u64, Ordering::Relaxed);
        self.counters.down.inc_by(bytes as u64);
        self.touch();
    }

    fn touch(&self) {
        let since = u64::try_from(self.open_for().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

/// Passes bytes until one side, the terms or the companion itself ends it.
pub async fn serve(
    mut socket: WebSocket,
    line: Line,
    terms: &mut Terms,
    seat: &Seat,
    counters: RelayCounters,
) -> (End, Passed) {
    let passed = Passed::new(counters);
    let end = tokio::select! {
        biased;
        end = terms.over(&passed) => end,
        end = pass::pass(&mut socket, line, seat, &passed) => end,
    };
    let cut = async {
        match end {
            End::Stopping => std::future::pending().await,
            _ => terms.stopping().await,
        }
    };
    tokio::select! {
        () = close(socket, end) => {}
        () = cut => {}
    }
    (end, passed)
}

async fn close(mut socket: WebSocket, end: End) {
    let Some((code, reason)) = end.frame() else {
        return;
    };
    let patience = match end {
        End::Provider => LAST_BYTES,
        _ => FAREWELL,
    };
    let goodbye = async {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // What the caller sent meanwhile is read, or the system would throw away what it was sent.
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(patience, goodbye).await;
}
