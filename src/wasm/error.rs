//! Errors as JavaScript knows them: an `Error` named `KeysealError` with `code` and `next`.

use std::borrow::Cow;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::catalogue::CleanError;
use crate::envelope::keyset::KeysetError;
use crate::vault::{PinError, StoreError, VaultError};

/// What an export returns.
pub(super) type Outcome<T = JsValue> = Result<T, Failure>;

/// A failure on its way to JavaScript. Boxed: what is rare should be small in every result.
pub struct Failure(Box<Said>);

struct Said {
    code: &'static str,
    message: Cow<'static, str>,
    next: &'static str,
}

impl Failure {
    pub(super) fn new(
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
        next: &'static str,
    ) -> Self {
        Self(Box::new(Said {
            code,
            message: message.into(),
            next,
        }))
    }

    /// Whether this is the failure of that code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.0.code == code
    }

    /// An argument that is not what the types say.
    pub(super) fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("validation", message, "Check the arguments of the call.")
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let Said {
            code,
            message,
            next,
        } = *failure.0;
        let error = js_sys::Error::new(&message);
        error.set_name("KeysealError");
        for (name, value) in [("code", code), ("next", next)] {
            // A plain Error takes any property.
            let _ = Reflect::set(&error, &name.into(), &value.into());
        }
        error.into()
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::new(error.code(), error.to_string(), error.next())
    }
}

#[cfg(feature = "relay")]
impl From<crate::relay::RelayError> for Failure {
    fn from(error: crate::relay::RelayError) -> Self {
        Self::new(error.code(), error.to_string(), error.next())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        VaultError::from(error).into()
    }
}

impl From<CleanError> for Failure {
    fn from(error: CleanError) -> Self {
        Self::new(
            "validation",
            error.message(),
            "Copy the key again from the provider's page.",
        )
    }
}

impl From<PinError> for Failure {
    fn from(error: PinError) -> Self {
        match error {
            PinError::Vault(error) => error.into(),
            PinError::Keyset(error) => Self::new(
                error.code(),
                error.to_string(),
                match error {
                    KeysetError::Identity { .. } => {
                        "Do not enter keys. Ask the operator whether the companion's identity \
                         changed, and compare the fingerprints."
                    }
                    KeysetError::Expired => {
                        "Check this device's clock; if it is right, tell the operator."
                    }
                    _ => "Do not enter keys. Tell the operator of the companion.",
                },
            ),
        }
    }
}

/// A failure of the platform, whose own words would say nothing to a person.
impl From<JsValue> for Failure {
    fn from(_: JsValue) -> Self {
        Self::new(
            "platform",
            "The browser refused an operation.",
            "Reload the page and try again.",
        )
    }
}
