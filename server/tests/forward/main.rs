//! Forward, from the caller's connection to the provider's and back, against a provider of our own.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests are the caller, who makes connections"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod caller;
mod companion;
#[allow(dead_code, reason = "the walk over the router uses the rest")]
#[path = "../support/described.rs"]
mod described;
#[allow(dead_code, reason = "the relay's tests use the rest")]
#[path = "../support/tls.rs"]
mod provider_tls;
#[path = "../support/until.rs"]
mod until;
mod upstream;

mod bad_input;
mod canary;
mod credential;
mod envelope;
mod failover;
mod guard;
mod metrics;
mod money;
mod one;
mod platform;
mod providers;
mod slow;
mod stream;
mod test_call;
mod tls;
