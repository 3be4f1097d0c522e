//! The static tables that `build.rs` writes from `providers.json`.

use super::shape::{Class, Part, Shape};
use super::types::{Category, Cors, Provider, TestCost, Warning};
#[cfg(feature = "companion")]
use super::wire::{Answer, Auth, Forbidden, Host, TestCall, Wire};

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
