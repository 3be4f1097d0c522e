//! What is being used right now. Counts of use are the store's; tokens and money come from here
//! later.

mod in_use;

pub use in_use::{InUse, Life, WhileAlive};
