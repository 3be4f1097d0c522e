//! The provider catalogue: how keys look, how they are sent, how they are tested.
//!
//! Data, not policy: the facts stand in `providers.json` beside this file, each with where it comes
//! from, and are compiled into static tables. Nothing here does I/O. What only the companion needs
//! (hosts, paths, test calls) is behind the feature `companion` and never reaches the wasm.

mod clean;
mod detect;
mod hint;
mod shape;
mod table;
mod types;
#[cfg(feature = "companion")]
mod wire;

pub use clean::{CleanError, clean};
pub use detect::{Confidence, Detection, detect, looks_like_key, mismatch};
pub use hint::hint;
pub use shape::{Class, Part, Shape};
pub use types::{Category, Cors, Provider, TestCost, Warning};
#[cfg(feature = "companion")]
pub use wire::{Answer, Auth, Forbidden, Host, TestCall, Verdict, Wire};

/// The day on which the facts were gathered. None of them was checked by calling a provider.
pub const DATE: &str = table::DATE;

/// Every provider of the catalogue, in the order in which to show them; `demo` is left out.
///
/// ```
/// use keyseal::catalogue::all;
///
/// assert!(all().iter().any(|provider| provider.id == "openai"));
/// assert!(all().iter().all(|provider| provider.id != "demo"));
/// ```
#[must_use]
pub fn all() -> &'static [Provider] {
    &table::ALL
}

/// The provider of that id, `demo` included.
///
/// ```
/// assert_eq!(keyseal::catalogue::find("openai").map(|provider| provider.name), Some("OpenAI"));
/// ```
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    with_demo().find(|provider| provider.id == id)
}

fn with_demo() -> impl Iterator<Item = &'static Provider> {
    table::ALL.iter().chain([&table::DEMO])
}

#[cfg(test)]
mod tests;
