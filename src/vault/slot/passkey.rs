//! The passkey slot: its secret is the WebAuthn PRF output (Web Authentication Level 3 section
//! 10.1.4) of a credential, for a salt of the slot's own. User verification is required.

use crate::envelope::{Object, ObjectWriter, decode_base64url, encode_base64url};

/// Which passkey to ask, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// What the PRF is evaluated on.
    pub prf_salt: [u8; 32],
}

impl Passkey {
    pub(super) fn parameters(&self) -> String {
        let Self {
            credential,
            prf_salt,
        } = self;
        format!(
            "{},{}",
            encode_base64url(credential),
            encode_base64url(prf_salt)
        )
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(256)
            .text("credential", &encode_base64url(&self.credential))
            .text("prfSalt", &encode_base64url(&self.prf_salt))
            .end_text()
    }

    pub(super) fn from_object(object: &mut Object) -> Option<Self> {
        Some(Self {
            credential: decode_base64url(&object.text("credential")?)?,
            prf_salt: decode_base64url(&object.text("prfSalt")?)?
                .try_into()
                .ok()?,
        })
    }
}
