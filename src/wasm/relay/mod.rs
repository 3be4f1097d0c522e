//! The relay as JavaScript holds it: bytes in, bytes out. Sockets are JavaScript's.

mod connection;
mod keys;
mod types;
mod usage;

pub use connection::RelayConnection;
pub use keys::RelayKeys;
pub use usage::RelayUsage;
