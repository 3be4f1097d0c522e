//! A string that is wiped on drop and never printed.

use core::fmt;
use zeroize::Zeroizing;

/// A provider key, or another secret string: zeroed on drop, printed as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `value`.
    ///
    /// ```
    /// use keyseal::envelope::Secret;
    ///
    /// let key = Secret::new("sk-proj-1234".into());
    /// assert_eq!(format!("{key:?}"), "[redacted]");
    /// ```
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The secret itself, for the one place that needs it.
    ///
    /// ```
    /// use keyseal::envelope::Secret;
    ///
    /// assert_eq!(Secret::new("sk-proj-1234".into()).expose().len(), 12);
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(value: Zeroizing<String>) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        assert_eq!(
            format!("{:?}", Secret::new("sk-secret".into())),
            "[redacted]"
        );
    }
}
