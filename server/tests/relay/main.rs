//! The blind relay, from the browser's WebSocket to the provider's socket and back.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests are the caller, who makes connections"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "forward's tests use the rest")]
#[path = "../forward/caller.rs"]
mod caller;
#[allow(dead_code, reason = "forward's tests use the rest")]
#[path = "../forward/companion.rs"]
mod companion;
#[allow(dead_code, reason = "the walk over the router uses the rest")]
#[path = "../support/described.rs"]
mod described;
#[path = "../support/tls.rs"]
mod provider_tls;
#[path = "../support/until.rs"]
mod until;
#[allow(dead_code, reason = "forward's tests use the rest")]
#[path = "../forward/upstream.rs"]
mod upstream;

mod browser;
mod provider;
mod tap;

mod blind;
mod door;
mod end;
mod flow;
mod hello;
mod recorded;
