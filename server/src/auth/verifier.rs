//! Verification of tokens.

use super::Caller;
use crate::{
    config::Config,
    http::{Code, Problem},
};

/// Checks tokens and remembers those it checked.
pub struct Verifier;

impl Verifier {
    /// The caller that a token stands for.
    pub fn verify(&self, _token: &str, _config: &Config) -> Result<Caller, Problem> {
        Err(Code::Unauthorized.into())
    }
}
