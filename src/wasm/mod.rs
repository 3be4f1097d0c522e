//! What JavaScript sees. Translation only: policy is in [`crate::vault`], [`crate::envelope`],
//! [`crate::catalogue`] and [`crate::relay`].
//!
//! Two builds come of it: the core (feature `core`), and the relay (feature `relay` alone), which is
//! loaded only by those who use it. Nothing exported here returns a stored key, whatever its
//! arguments.

#[cfg(feature = "core")]
mod core;
#[cfg_attr(
    not(feature = "core"),
    allow(dead_code, reason = "the relay needs less of it")
)]
mod error;
#[cfg(feature = "core")]
mod functions;
#[cfg(feature = "core")]
mod grant;
#[cfg_attr(
    not(feature = "core"),
    allow(dead_code, reason = "the relay needs less of it")
)]
mod input;
#[cfg(feature = "core")]
mod local;
mod one_time;
#[cfg(feature = "core")]
mod output;
#[cfg(feature = "core")]
mod platform;
#[cfg(feature = "core")]
mod portable;
#[cfg(feature = "core")]
mod promises;
#[cfg(feature = "relay")]
mod relay;
#[cfg(feature = "core")]
mod sealed_note;
#[cfg(feature = "core")]
mod slots;
#[cfg(feature = "core")]
mod tabs;
#[cfg(feature = "core")]
mod types;
#[cfg(feature = "core")]
mod unlock;

#[cfg(feature = "core")]
pub use self::core::VaultCore;
#[cfg(feature = "core")]
pub use functions::{detect, fingerprint, fingerprint_of, new_entry_id, providers, seal_key};
#[cfg(feature = "relay")]
pub use relay::{RelayConnection, RelayKeys, RelayUsage, against, judge, test_call};

/// Freed memory is wiped: keys pass through allocations that no type of ours owns.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);
