//! The private keys: one current, older ones only open.

/// The ring; implements `keyseal::envelope::Unwrap`.
pub struct KeyRing;
