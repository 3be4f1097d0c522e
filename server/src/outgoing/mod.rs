//! The only place that makes connections.

use crate::config::Config;

/// The pooled client.
pub struct Client;

impl Client {
    /// Builds the client that the configuration describes.
    pub fn new(_config: &Config) -> Self {
        Self
    }
}
