//! The log: JSON lines on standard error.

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
        .with_writer(std::io::stderr);
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
