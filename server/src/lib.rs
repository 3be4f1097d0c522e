//! The companion of keyseal: stores sealed keys and forwards requests under them.
//!
//! The rooms: [`config`] reads what the operator wrote, [`store`] is the database, [`auth`] says who
//! calls, [`unwrap`] holds the private keys, [`choose`] picks a credential, [`outgoing`] makes the
//! only connections, [`relay`] passes bytes on one of them, [`http`] is the request path that ties them together.

pub mod auth;
mod causes;
pub mod choose;
pub mod clock;
pub mod config;
mod connection;
pub mod demo;
pub mod doctor;
pub mod files;
pub mod hardening;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod outgoing;
pub mod relay;
pub mod start;
pub mod state;
pub mod store;
mod system;
pub mod unwrap;
pub mod usage;
mod workers;

pub use state::AppState;
