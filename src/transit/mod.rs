//! What may pass between a caller and a provider, in either direction: paths, headers, and the
//! search of answers for the key.
//!
//! Rules alone, no I/O: forward, in the companion, and relay, in the browser, keep the same ones.

mod against;
mod answer;
mod headers;
mod media;
mod path;
mod scrub;

pub use against::Against;
pub use answer::{COMPRESSED, Next, SEARCHED, Search, Treatment};
pub use headers::{is_kept_inward, is_kept_outward, named_by_connection};
pub use path::{PathRefused, check_path};
pub use scrub::Scrub;
