//! The device slot: its secret is 32 random bytes, encrypted (AES-GCM) under a `CryptoKey` that the
//! browser keeps in IndexedDB and never hands out. A copy of the browser's profile opens it.

use crate::envelope::{Object, ObjectWriter, decode_base64url, encode_base64url};

/// Bytes of the initialisation vector of the device's AES-GCM.
pub const DEVICE_IV_BYTES: usize = 12;

/// The slot's secret, as the device's key encrypted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    /// Initialisation vector.
    pub iv: [u8; DEVICE_IV_BYTES],
    /// Ciphertext and tag, as WebCrypto gives them.
    pub ciphertext: Vec<u8>,
}

impl DeviceSecret {
    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new(128)
            .text("iv", &encode_base64url(&self.iv))
            .text("ciphertext", &encode_base64url(&self.ciphertext))
            .end_text()
    }

    pub(super) fn from_object(object: &mut Object) -> Option<Self> {
        Some(Self {
            iv: decode_base64url(&object.text("iv")?)?.try_into().ok()?,
            ciphertext: decode_base64url(&object.text("ciphertext")?)?,
        })
    }
}
