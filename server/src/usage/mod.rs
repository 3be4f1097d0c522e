//! What is being used right now, and what that uses: requests, tokens, money.

mod ask;
pub mod budget;
pub mod fee;
mod in_use;
mod meter;
mod names;
pub mod price;

pub use ask::{Ask, ask};
pub use in_use::{InUse, Life, WhileAlive};
pub use meter::{By, Served, UnderWay, broke, metered};
