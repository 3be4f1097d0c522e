//! A caller's connection, whichever listener it came to: how long the caller may take, and how much
//! of a head is read.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;

use crate::causes::{Cause, causes, timed_out};
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::system;

/// No longer head is waited for, whatever it holds: two sealed headers and a token are a fifth of it.
const HEAD_BYTES: u16 = 32 * 1024;

/// What holds for every connection.
pub struct Rules {
    builder: auto::Builder<TokioExecutor>,
    head: Duration,
    answer: Duration,
    metrics: Option<Metrics>,
}

impl Rules {
    /// Those of the operator's `[limits]`.
    pub fn new(limits: &Limits, metrics: Option<Metrics>) -> Self {
        let head = Duration::from_secs(limits.head_seconds);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .max_buf_size(HEAD_BYTES.into());
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(head)
            .max_header_list_size(HEAD_BYTES.into());
        Self {
            builder,
            head,
            answer: Duration::from_secs(limits.answer_pause_seconds),
            metrics,
        }
    }

    /// What speaks HTTP on it.
    pub fn builder(&self) -> &auto::Builder<TokioExecutor> {
        &self.builder
    }

    /// Ends once a request begins on the connection; `None`: nobody asks anything. What reads requests
    /// waits without end for the first bytes, which tell the version of HTTP: so for a whole preface of
    /// HTTP/2, or for what is none.
    pub async fn begun(&self, stream: &TcpStream) -> Option<()> {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        /// What is half a preface comes to be more, or not, in a moment.
        const MOMENT: Duration = Duration::from_millis(50);
        self.end_where_nothing_is_taken(stream);
        let told = async {
            let mut first = [0; PREFACE.len()];
            loop {
                let length = stream.peek(&mut first).await.ok()?;
                match length {
                    0 => return None,
                    _ if length == PREFACE.len() || !PREFACE.starts_with(&first[..length]) => {
                        return Some(());
                    }
                    _ => tokio::time::sleep(MOMENT).await,
                }
            }
        };
        tokio::time::timeout(self.head, told).await.ok()?
    }

    fn end_where_nothing_is_taken(&self, stream: &TcpStream) {
        if let Err(error) = system::end_untaken(stream, self.answer) {
            tracing::debug!(%error, "a caller who takes nothing is waited for without end");
        }
    }

    /// A connection broke. That is the caller's business, unless it was ended because nothing was taken.
    pub fn broke(&self, error: &Cause) {
        if causes(error).any(timed_out) {
            not_taken(self.metrics.as_ref());
        }
    }
}

/// A caller was let go who took nothing of what was sent.
pub fn not_taken(metrics: Option<&Metrics>) {
    tracing::info!("a caller took nothing of an answer for too long");
    if let Some(metrics) = metrics {
        metrics.not_taken();
    }
}
