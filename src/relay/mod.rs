//! TLS and HTTP from the browser to the provider, as a pure machine: bytes in, bytes out. Whoever
//! carries them, the companion among them, sees ciphertext alone.
//!
//! A [`Connection`] is made for one provider and the host of one entry; both, and the roots that
//! vouch for it, come out of the catalogue or out of the decrypted entry, never from outside. The
//! key is taken from [`Granted`](crate::vault::Granted) and written into the request here; what may
//! pass is what [`transit`](crate::transit) says, as for forward.
//!
//! TLS is rustls: versions 1.3 and 1.2, no early data, no way to switch verification off. HTTP is
//! 1.1 with connections kept alive; HTTP/2 is not offered, for a pool of connections gives the same
//! concurrency at a tenth of the code.

mod answer;
mod connection;
mod error;
mod provider;
mod request;
mod target;
mod tls;

pub use answer::{Found, Head, Reader};
pub use connection::{Connection, Part, State};
pub use error::RelayError;
pub use request::{Body, Request};
pub use target::{Target, test_call};
pub use tls::Trust;

#[cfg(test)]
mod tests;
