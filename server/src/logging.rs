//! The log: JSON lines on standard error.
//!
//! Lines are gathered for a moment and written together, by a thread of their own: a request does not
//! wait for whoever reads the log.

use std::{
    fmt::Debug,
    io::{self, Write},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use serde::ser::{SerializeMap, Serializer};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::clock;

/// Starts the log. Other crates speak only from `warn` on, whatever the level: their finer events
/// hold headers and bodies.
pub fn start(level: LevelFilter) {
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("keyseal_server", level);
    // What a panic says could hold a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry()
        .with(Lines.with_filter(targets))
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

/// Writes each event as one line.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Vec::with_capacity(256);
        // What cannot be written as JSON is not logged at all, rather than in halves.
        if write_event(&mut line, event).is_ok() {
            line.push(b'\n');
            add(&line);
        }
    }
}

fn write_event(line: &mut Vec<u8>, event: &Event<'_>) -> serde_json::Result<()> {
    let mut json = serde_json::Serializer::new(line);
    let mut map = json.serialize_map(None)?;
    let about = event.metadata();
    map.serialize_entry("timestamp", &clock::rfc3339(clock::micros()))?;
    map.serialize_entry("level", about.level().as_str())?;
    let mut fields = Fields { map, failed: None };
    event.record(&mut fields);
    if let Some(error) = fields.failed {
        return Err(error);
    }
    fields.map.serialize_entry("target", about.target())?;
    fields.map.end()
}

/// Puts an event's fields into a JSON object.
struct Fields<M: SerializeMap> {
    map: M,
    failed: Option<M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn put(&mut self, field: &Field, value: &(impl serde::Serialize + ?Sized)) {
        if self.failed.is_none() {
            self.failed = self.map.serialize_entry(field.name(), value).err();
        }
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, &value);
    }
}

/// Adds one line, whole.
fn add(line: &[u8]) {
    let mut lines = lines();
    let was_empty = lines.is_empty();
    lines.extend_from_slice(line);
    if lines.len() >= MOST {
        write_out(&mut lines);
    } else if was_empty {
        drop(lines);
        writer().unpark();
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
    use std::sync::Arc;

    use super::*;

    #[test]
    fn lines_wait_for_a_moment_only_and_in_their_order() {
        for text in ["one\n", "two\n"] {
            add(text.as_bytes());
        }
        let waited = std::time::Instant::now();
        while !lines().is_empty() {
            assert!(waited.elapsed() < Duration::from_secs(10), "never written");
            thread::sleep(GATHER);
        }
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry().with(Kept(Arc::clone(&written)));
        tracing::subscriber::with_default(subscriber, || {
            let error = "quoted \"\n\u{1}";
            tracing::warn!(id = "a\nb", status = 7_u16, left = -1, %error, none = None::<u8>, "ends");
        });
        let line = written.lock().expect("no panic").clone();
        let line: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let at = line["timestamp"].as_str().and_then(clock::parse_rfc3339);
        assert!(at.is_some_and(|at| at > 1_700_000_000_000_000), "{line}");
        let expected = serde_json::json!({
            "timestamp": line["timestamp"],
            "level": "WARN",
            "message": "ends",
            "id": "a\nb",
            "status": 7,
            "left": -1,
            "error": "quoted \"\n\u{1}",
            "target": module_path!(),
        });
        assert_eq!(line, expected);
    }

    /// Keeps an event as it is written.
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            write_event(&mut self.0.lock().expect("no panic"), event).expect("JSON");
        }
    }
}
