//! The relay as JavaScript holds it: bytes in, bytes out. Sockets are JavaScript's.

mod connection;
mod keys;
mod test_call;
mod types;
mod usage;

pub use connection::RelayConnection;
pub use keys::RelayKeys;
pub use test_call::{against, judge, test_call};
pub use usage::RelayUsage;
