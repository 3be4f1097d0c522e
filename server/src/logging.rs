//! The log: JSON lines on standard error.
//!
//! Lines are gathered for a moment and written together, by a thread of their own: a request does not
//! wait for whoever reads the log.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Starts the log. Other crates speak only from `warn` on, whatever the level: their finer events
/// hold headers and bodies.
pub fn start(level: LevelFilter) {
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("keyseal_server", level);
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(|| Line);
    // What a panic says could hold a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .try_init();
}

/// How long a line may wait for others.
const GATHER: Duration = Duration::from_millis(20);
/// When so much waits, whoever logs writes it: memory stays bounded where the log is read slowly.
const MOST: usize = 256 * 1024;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes what still waits; to be called at the end.
pub fn flush() {
    // The lock is held while writing, so that lines keep their order.
    write_out(&mut lines());
}

fn lines() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_out(lines: &mut Vec<u8>) {
    // There is nowhere to say that the log cannot be written.
    let _ = io::stderr().write_all(lines);
    lines.clear();
}

/// Adds one line, as the formatter gives it, whole.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = lines();
        let was_empty = lines.is_empty();
        lines.extend_from_slice(line);
        if lines.len() >= MOST {
            write_out(&mut lines);
        } else if was_empty {
            drop(lines);
            writer().unpark();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn writer() -> &'static Thread {
    static WRITER: OnceLock<Thread> = OnceLock::new();
    WRITER.get_or_init(|| {
        let started = thread::Builder::new().name("log".into()).spawn(|| {
            loop {
                thread::park();
                thread::sleep(GATHER);
                flush();
            }
        });
        // Without a thread of its own, the log is written whenever much of it waits, and at the end.
        started.map_or_else(|_| thread::current(), |handle| handle.thread().clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_for_a_moment_only_and_in_their_order() {
        let mut line = Line;
        line.write_all(b"").expect("a line");
        assert!(lines().is_empty());
        for text in ["one\n", "two\n"] {
            line.write_all(text.as_bytes()).expect("a line");
        }
        let waited = std::time::Instant::now();
        while !lines().is_empty() {
            assert!(waited.elapsed() < Duration::from_secs(10), "never written");
            thread::sleep(GATHER);
        }
    }
}
