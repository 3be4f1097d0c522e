//! Keys that were unwrapped a moment ago.

use crate::config::Config;

/// A small map with a timed sweeper.
pub struct Opened;

impl Opened {
    /// An empty one.
    pub fn new(_config: &Config) -> Self {
        Self
    }
}
